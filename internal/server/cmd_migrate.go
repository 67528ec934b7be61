package server

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"berth/internal/resp"
)

func init() {
	handle(map[string]Handler{"migrate": cmdMigrate})
}

// migration is a MIGRATE that is under way. As in Redis the loop waits for the other
// server, so that nobody changes or sees what is on its way; how long, the client
// says.
type migration struct {
	c             *Client
	db            int64
	timeout       time.Duration
	copy, replace bool
	// auth is what is behind AUTH, empty for none.
	auth [][]byte
	// keys are those to go. They are copies: modules hear of each that went.
	keys [][]byte

	conn net.Conn
	in   *bufio.Reader
	// refused is the other server's first error, and broken set once it is gone.
	refused string
	broken  bool
}

// The words for what can go wrong between two servers.
const (
	errTextMigrateKeys    = "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
	errTextMigrateConnect = "IOERR error or timeout connecting to the client"
	errTextMigrateWrite   = "IOERR error or timeout writing to target instance"
	errTextMigrateRead    = "IOERR error or timeout reading to target instance"
)

// migrateTimeout is how long is waited if the client does not say it.
const migrateTimeout = time.Second

// cmdMigrate is MIGRATE host port key destination-db timeout [COPY] [REPLACE] [AUTH
// password | AUTH2 username password] [KEYS key [key ...]].
func cmdMigrate(c *Client, argv [][]byte) {
	m := &migration{c: c}
	keys, ok := m.parse(argv)
	if !ok {
		return
	}
	for _, k := range keys {
		if c.LookupRead(k) != nil {
			m.keys = append(m.keys, bytes.Clone(k))
		}
	}
	if len(m.keys) == 0 {
		c.WriteStatus("NOKEY")
		return
	}
	req, ok := m.request()
	if !ok {
		return
	}
	if text := m.dial(argv[1], argv[2]); text != "" {
		c.WriteError(text)
		return
	}
	defer m.conn.Close()
	if !m.send(req) {
		c.WriteError(errTextMigrateWrite)
		return
	}
	m.receive()
}

// dial connects to the other server, or returns what to reply. Redis learns when it
// writes that nobody takes the connection.
func (m *migration) dial(host, port []byte) (text string) {
	number, ok := ParseInt(port)
	if !ok {
		number = 0 // nobody's
	}
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(string(host), strconv.FormatInt(number, 10)), m.timeout)
	if err == nil {
		m.conn, m.in = conn, bufio.NewReader(conn)
		return ""
	}
	var sys syscall.Errno
	var timeout net.Error
	if errors.As(err, &sys) && !(errors.As(err, &timeout) && timeout.Timeout()) {
		return errTextMigrateWrite
	}
	return errTextMigrateConnect
}

// parse reads the arguments, replying an error itself.
func (m *migration) parse(argv [][]byte) (keys [][]byte, ok bool) {
	c := m.c
	keys = argv[3:4]
options:
	for i := 6; i < len(argv); i++ {
		more := len(argv) - i - 1
		switch word := argv[i]; {
		case equalFold(word, "copy"):
			m.copy = true
		case equalFold(word, "replace"):
			m.replace = true
		case equalFold(word, "auth") && more >= 1:
			i++
			m.auth = argv[i : i+1]
			c.Redact(i)
		case equalFold(word, "auth2") && more >= 2:
			m.auth = argv[i+1 : i+3]
			c.Redact(i + 1)
			c.Redact(i + 2)
			i += 2
		case equalFold(word, "keys"):
			if len(argv[3]) != 0 {
				c.WriteError(errTextMigrateKeys)
				return nil, false
			}
			keys = argv[i+1:]
			break options
		default:
			c.WriteError(ErrTextSyntax)
			return nil, false
		}
	}
	ms, ok := ParseInt(argv[5])
	if ok {
		m.db, ok = ParseInt(argv[4])
	}
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return nil, false
	}
	if m.timeout = time.Duration(ms) * time.Millisecond; ms <= 0 || m.timeout/time.Millisecond != time.Duration(ms) {
		m.timeout = migrateTimeout
	}
	return keys, true
}

// request is all that is sent. The keys that are over their time are left out.
func (m *migration) request() (req []byte, ok bool) {
	c := m.c
	var w CommandWriter
	if len(m.auth) > 0 {
		w.Begin(1 + len(m.auth)).Word("AUTH").Args(m.auth)
	}
	w.Begin(2).Word("SELECT").Int(m.db)
	now, left := c.srv.Mstime(), m.keys[:0]
	for _, k := range m.keys {
		e := c.DBStore().Find(k)
		if e == nil || e.Over(now) {
			continue
		}
		left = append(left, k)
		ttl := int64(0)
		if t := e.Expire(); t != 0 {
			ttl = max(1, t-now)
		}
		value, err := c.srv.dumpValue(nil, e, c.DB)
		if err != nil {
			c.WriteErrorf("ERR the value cannot be saved: %v", err)
			return nil, false
		}
		n := 4
		if m.replace {
			n++
		}
		w.Begin(n).Word("RESTORE").Arg(k).Int(ttl).Arg(value)
		if m.replace {
			w.Word("REPLACE")
		}
	}
	m.keys = left
	return w.b, true
}

// migrateChunk is how much has to be sent within the timeout.
const migrateChunk = 64 << 10

func (m *migration) send(req []byte) bool {
	for len(req) > 0 {
		n := min(len(req), migrateChunk)
		if m.conn.SetWriteDeadline(time.Now().Add(m.timeout)) != nil {
			return false
		}
		if _, err := m.conn.Write(req[:n]); err != nil {
			return false
		}
		req = req[n:]
	}
	return true
}

// accepted reads a reply, all of which are lines, and reports whether it is no
// error.
func (m *migration) accepted() bool {
	if m.broken || m.conn.SetReadDeadline(time.Now().Add(m.timeout)) != nil {
		return false
	}
	line, err := m.in.ReadString('\n')
	line = strings.TrimSuffix(line, resp.CRLF)
	switch {
	case err != nil || line == "":
		m.broken = true
	case line[0] != '-':
		return true
	case m.refused == "":
		m.refused = line[1:]
	}
	return false
}

// receive reads the replies and deletes what has arrived.
func (m *migration) receive() {
	c := m.c
	ready := len(m.auth) == 0 || m.accepted()
	ready = m.accepted() && ready // SELECT
	var gone [][]byte
	for _, k := range m.keys {
		if m.accepted() && ready && !m.copy && c.srv.DeleteKey(c.DB, k) {
			c.srv.Notify(NotifyGeneric, "del", k, c.DB)
			c.srv.Dirty++
			gone = append(gone, k)
		}
	}
	if len(gone) > 0 {
		c.insteadOf(1 + len(gone)).Word("DEL").Args(gone)
	}
	switch {
	case m.refused != "":
		c.WriteError("ERR Target instance replied with error: " + m.refused)
	case m.broken:
		c.WriteError(errTextMigrateRead)
	default:
		c.WriteOK()
	}
}
