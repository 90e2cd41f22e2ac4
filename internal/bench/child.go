package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

// childMark is the first word of a command line that asks for a part of this program in a process of its own: to be measured like another program, or to
// keep this one small, whose size would count as theirs.
const childMark = "-child"

// child does what the words after childMark say.
func child(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("two words after " + childMark)
	}
	switch args[0] {
	case "loop":
		f, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		frames, err := loop(f)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, frames)
		return err
	case "generate":
		var p traffic.Params
		if err := json.NewDecoder(in).Decode(&p); err != nil {
			return err
		}
		f, err := os.Create(args[1])
		if err != nil {
			return err
		}
		truth, err := traffic.Write(f, p)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(truth)
	}
	return fmt.Errorf("%s: no such part", args[0])
}

// loop reads the records of a little-endian pcap file and does nothing else, in the way that is fastest: into one buffer, in place. It returns
// how many there are.
func loop(r io.Reader) (frames uint64, err error) {
	const fileHeader, recordHeader, most = 24, 16, 262144
	buf := make([]byte, most+64<<10)
	if _, err := io.ReadFull(r, buf[:fileHeader]); err != nil {
		return 0, err
	}
	from, to := 0, 0
	for {
		n, err := r.Read(buf[to:])
		to += n
		for to-from >= recordHeader {
			size := recordHeader + int(binary.LittleEndian.Uint32(buf[from+8:]))
			if size > recordHeader+most {
				return frames, fmt.Errorf("record %d has %d bytes", frames+1, size)
			}
			if to-from < size {
				break
			}
			from += size
			frames++
		}
		to = copy(buf, buf[from:to])
		from = 0
		switch {
		case errors.Is(err, io.EOF) && to > 0:
			return frames, io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF):
			return frames, nil
		case err != nil:
			return frames, err
		}
	}
}
