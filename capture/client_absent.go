//go:build !autopaho

package capture

import (
	"context"
	"errors"
)

// clientLink stands in where the program is built without autopaho, which needs golang.org/x/net in go.mod.
type clientLink struct{}

func (*clientLink) init() {}

func (*Client) connect(context.Context) error {
	return errors.New("this build has no embedded client: build it with -tags autopaho")
}
