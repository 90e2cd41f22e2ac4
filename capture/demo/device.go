package demo

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
)

// profile is what a device is like.
type profile struct {
	id      string
	version decode.Version // 3.1.1 or 5.0
	keep    bool           // the Session outlives the connection: Clean Start 0 and a Session Expiry Interval
	receive uint16         // Receive Maximum; 0 leaves it out
	// withhold says which answers are not sent: by the type of the answer, and the topic where it has one. Nil answers all.
	withhold func(answer decode.Type, topic string) bool
}

// device is a scripted MQTT client: it sends what its script says, and answers unless its profile says otherwise.
type device struct {
	profile
	*badclient.Client // of the newest connection
	left              chan struct{}
	wg                sync.WaitGroup
	random            *rand.Rand // of the script's goroutine
	lastID            uint16
}

const (
	keepAlive   = 10 // seconds
	pingEvery   = keepAlive * time.Second / 2
	answerLimit = 10 * time.Second
	keptFor     = 3600 // seconds
)

// connect opens a connection and starts to read and to ping; it reports Session Present.
func (d *device) connect(ctx context.Context, addr string) (present bool, err error) {
	h := fnv.New64a()
	h.Write([]byte(d.id))
	d.random = rand.New(rand.NewPCG(h.Sum64(), 1))
	opts := badclient.Options{
		ID: d.id, Version: d.version, CleanStart: !d.keep, ReceiveMaximum: d.receive, KeepAlive: keepAlive, Answer: d.answers(),
	}
	if d.keep {
		opts.Expiry = keptFor
	}
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	client, ack, err := badclient.Connect(limited, addr, opts)
	if err != nil {
		return false, err
	}
	d.Client, d.left = client, make(chan struct{})
	d.wg.Go(d.ping)
	return ack.SessionPresent, nil
}

// answers is how the device answers: after a while, and not what it withholds. PUBREL is left to the script.
func (d *device) answers() badclient.Policy {
	random := rand.New(rand.NewPCG(uint64(len(d.id)), 2)) // of the reader's goroutine
	return func(due badclient.Ack, p *badclient.Packet) []badclient.Ack {
		if due.Type == decode.PUBREL || d.withhold != nil && d.withhold(due.Type, p.Topic) {
			return nil
		}
		due.After = upTo(random, 40*time.Millisecond)
		return []badclient.Ack{due}
	}
}

// leave says DISCONNECT and closes.
func (d *device) leave() {
	_ = d.Disconnect(0) // it is leaving either way
	d.drop()
}

// drop closes without DISCONNECT.
func (d *device) drop() {
	close(d.left)
	d.Drop()
	d.wg.Wait()
}

func (d *device) subscribe(ctx context.Context, qos byte, filters ...string) error {
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return d.Subscribe(limited, d.id16(), qos, filters...)
}

// publish runs a whole handshake as the standard wants it.
func (d *device) publish(ctx context.Context, qos byte, topic, payload string) error {
	id, err := d.begin(ctx, qos, topic, payload)
	if err != nil || qos < 2 || id == 0 {
		return err
	}
	if !pause(ctx, d.hesitation()) {
		return ctx.Err()
	}
	_, err = d.ask(ctx, d.AckBytes(badclient.Ack{Type: decode.PUBREL, ID: id}), decode.PUBCOMP, id)
	return err
}

// begin sends PUBLISH and waits for PUBACK or PUBREC. It returns the Packet Identifier while that is in use.
func (d *device) begin(ctx context.Context, qos byte, topic, payload string) (id uint16, err error) {
	message := decode.PublishFields{QoS: qos, Topic: topic, Payload: []byte(payload)}
	if qos == 0 {
		return 0, d.Publish(message)
	}
	message.PacketID = d.id16()
	answer := decode.PUBACK
	if qos == 2 {
		answer = decode.PUBREC
	}
	ack, err := d.ask(ctx, d.PublishBytes(message), answer, message.PacketID)
	if err != nil || qos == 1 || ack.Reason >= 0x80 {
		return 0, err
	}
	return message.PacketID, nil
}

func (d *device) id16() uint16 {
	if d.lastID++; d.lastID == 0 {
		d.lastID = 100 // the first ones may be stuck
	}
	return d.lastID
}

// ask sends a packet and waits for the answer of type want that bears its Packet Identifier.
func (d *device) ask(ctx context.Context, packet []byte, want decode.Type, id uint16) (badclient.Packet, error) {
	if err := d.Send(packet); err != nil {
		return badclient.Packet{}, err
	}
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return d.Await(limited, badclient.OfType(want, id))
}

// hesitation is how long a device takes to answer: short, but to be seen on a time axis.
func (d *device) hesitation() time.Duration { return upTo(d.random, 60*time.Millisecond) }

// upTo returns 5 ms and at most d more.
func upTo(r *rand.Rand, d time.Duration) time.Duration {
	return 5*time.Millisecond + time.Duration(r.Int64N(int64(d)))
}

func (d *device) ping() {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = d.Ping() // where it fails the connection has ended
		case <-d.left:
			return
		case <-d.Gone():
			return
		}
	}
}
