package demo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// profile is what a device is like.
type profile struct {
	id      string
	version byte   // 4 or 5
	keep    bool   // the Session outlives the connection: Clean Start 0 and a Session Expiry Interval
	receive uint16 // Receive Maximum; 0 leaves it out
	// withhold says which answers are not sent: by the type of the answer, and the topic where it has one. Nil answers all.
	withhold func(answer byte, topic string) bool
}

// device is a scripted MQTT client: it sends what its script says, and answers unless its profile says otherwise. It is
// not a client library, since no library misbehaves as wanted.
type device struct {
	profile
	conn    net.Conn
	writeMu sync.Mutex
	answers chan packets.Packet // CONNACK, SUBACK, and what ends or continues a PUBLISH of ours
	gone    chan struct{}       // closed when the reader has ended
	left    chan struct{}       // closed by leave
	wg      sync.WaitGroup
	random  *rand.Rand // of the script's goroutine
	lastID  uint16
}

const (
	keepAlive   = 10 // seconds
	pingEvery   = keepAlive * time.Second / 2
	writeLimit  = 5 * time.Second
	answerLimit = 10 * time.Second
	keptFor     = 3600 // seconds
)

var errNoAnswer = errors.New("no answer")

// connect opens a connection and starts to read and to ping; it reports Session Present.
func (d *device) connect(ctx context.Context, addr string) (present bool, err error) {
	var dialer net.Dialer
	if d.conn, err = dialer.DialContext(ctx, "tcp", addr); err != nil {
		return false, err
	}
	d.answers, d.gone, d.left = make(chan packets.Packet, 64), make(chan struct{}), make(chan struct{})
	h := fnv.New64a()
	h.Write([]byte(d.id))
	d.random = rand.New(rand.NewPCG(h.Sum64(), 1))
	d.wg.Go(d.read)
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}}
	pk.Connect = packets.ConnectParams{
		ProtocolName: []byte("MQTT"), Clean: !d.keep, Keepalive: keepAlive, ClientIdentifier: d.id,
	}
	pk.Properties.ReceiveMaximum = d.receive
	if d.keep {
		pk.Properties.SessionExpiryInterval, pk.Properties.SessionExpiryIntervalFlag = keptFor, true
	}
	ack, err := d.ask(ctx, pk, packets.Connack)
	if err == nil && ack.ReasonCode != 0 {
		err = fmt.Errorf("%s: CONNACK 0x%02X", d.id, ack.ReasonCode)
	}
	if err != nil {
		d.drop()
		return false, err
	}
	d.wg.Go(d.ping)
	return ack.SessionPresent, nil
}

// leave says DISCONNECT and closes.
func (d *device) leave() {
	d.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
	d.drop()
}

// drop closes without DISCONNECT.
func (d *device) drop() {
	close(d.left)
	d.conn.Close()
	d.wg.Wait()
}

func (d *device) subscribe(ctx context.Context, qos byte, filters ...string) error {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: d.id16()}
	for _, f := range filters {
		pk.Filters = append(pk.Filters, packets.Subscription{Filter: f, Qos: qos})
	}
	_, err := d.ask(ctx, pk, packets.Suback)
	return err
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
	_, err = d.ask(ctx, packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pubrel, Qos: 1}, PacketID: id}, packets.Pubcomp)
	return err
}

// begin sends PUBLISH and waits for PUBACK or PUBREC. It returns the Packet Identifier while that is in use.
func (d *device) begin(ctx context.Context, qos byte, topic, payload string) (id uint16, err error) {
	pk := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos}, TopicName: topic, Payload: []byte(payload),
	}
	if qos == 0 {
		return 0, d.send(pk)
	}
	pk.PacketID = d.id16()
	answer := packets.Puback
	if qos == 2 {
		answer = packets.Pubrec
	}
	ack, err := d.ask(ctx, pk, answer)
	if err != nil || qos == 1 || ack.ReasonCode >= 0x80 {
		return 0, err
	}
	return pk.PacketID, nil
}

func (d *device) id16() uint16 {
	if d.lastID++; d.lastID == 0 {
		d.lastID = 100 // the first ones may be stuck
	}
	return d.lastID
}

// ask sends pk and waits for the answer of type want that bears its Packet Identifier.
func (d *device) ask(ctx context.Context, pk packets.Packet, want byte) (packets.Packet, error) {
	if err := d.send(pk); err != nil {
		return packets.Packet{}, err
	}
	timer := time.NewTimer(answerLimit)
	defer timer.Stop()
	for {
		select {
		case ack := <-d.answers:
			if ack.FixedHeader.Type == want && ack.PacketID == pk.PacketID {
				return ack, nil
			}
		case <-d.gone:
			return packets.Packet{}, io.ErrUnexpectedEOF
		case <-timer.C:
			return packets.Packet{}, fmt.Errorf("%s: %w", d.id, errNoAnswer)
		case <-ctx.Done():
			return packets.Packet{}, ctx.Err()
		}
	}
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
			d.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}})
		case <-d.left:
			return
		case <-d.gone:
			return
		}
	}
}

// read answers what the broker sends until the connection ends.
func (d *device) read() {
	defer close(d.gone)
	r := bufio.NewReader(d.conn)
	random := rand.New(rand.NewPCG(uint64(len(d.id)), 2))
	for {
		pk, err := d.receivePacket(r)
		if err != nil {
			return
		}
		answer := packets.Packet{PacketID: pk.PacketID}
		switch pk.FixedHeader.Type {
		case packets.Publish:
			if pk.FixedHeader.Qos == 0 {
				continue
			}
			answer.FixedHeader.Type = packets.Puback
			if pk.FixedHeader.Qos == 2 {
				answer.FixedHeader.Type = packets.Pubrec
			}
		case packets.Pubrel:
			answer.FixedHeader.Type = packets.Pubcomp
		default:
			select {
			case d.answers <- pk:
			default: // nobody asked
			}
			continue
		}
		if d.withhold != nil && d.withhold(answer.FixedHeader.Type, pk.TopicName) {
			continue
		}
		time.Sleep(upTo(random, 40*time.Millisecond))
		d.send(answer)
	}
}

func (d *device) send(pk packets.Packet) error {
	pk.ProtocolVersion = d.version
	var buf bytes.Buffer
	if err := encode(&pk, &buf); err != nil {
		return fmt.Errorf("%s: %w", d.id, err)
	}
	d.writeMu.Lock()
	defer d.writeMu.Unlock()
	d.conn.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err := d.conn.Write(buf.Bytes())
	return err
}

func encode(pk *packets.Packet, buf *bytes.Buffer) error {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return pk.ConnectEncode(buf)
	case packets.Publish:
		return pk.PublishEncode(buf)
	case packets.Puback:
		return pk.PubackEncode(buf)
	case packets.Pubrec:
		return pk.PubrecEncode(buf)
	case packets.Pubrel:
		return pk.PubrelEncode(buf)
	case packets.Pubcomp:
		return pk.PubcompEncode(buf)
	case packets.Subscribe:
		return pk.SubscribeEncode(buf)
	case packets.Pingreq:
		return pk.PingreqEncode(buf)
	case packets.Disconnect:
		return pk.DisconnectEncode(buf)
	}
	return packets.ErrNoValidPacketAvailable
}

// receivePacket reads one packet from our own broker.
func (d *device) receivePacket(r *bufio.Reader) (pk packets.Packet, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return pk, err
	}
	pk.ProtocolVersion = d.version
	if err := pk.FixedHeader.Decode(first); err != nil {
		return pk, err
	}
	if pk.FixedHeader.Remaining, _, err = packets.DecodeLength(r); err != nil {
		return pk, err
	}
	body := make([]byte, pk.FixedHeader.Remaining)
	if _, err := io.ReadFull(r, body); err != nil {
		return pk, err
	}
	switch pk.FixedHeader.Type {
	case packets.Connack:
		err = pk.ConnackDecode(body)
	case packets.Publish:
		err = pk.PublishDecode(body)
	case packets.Puback:
		err = pk.PubackDecode(body)
	case packets.Pubrec:
		err = pk.PubrecDecode(body)
	case packets.Pubrel:
		err = pk.PubrelDecode(body)
	case packets.Pubcomp:
		err = pk.PubcompDecode(body)
	case packets.Suback:
		err = pk.SubackDecode(body)
	}
	return pk, err
}
