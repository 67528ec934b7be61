package server

import (
	"fmt"
	"unsafe"
)

// debugObject is DEBUG OBJECT key: what is known of how a value is kept, also
// of one that is over its time.
func (c *Client) debugObject(key []byte) {
	e := c.DBStore().Find(key)
	if e == nil {
		c.WriteError(ErrTextNoKey)
		return
	}
	dump, err := c.srv.dumpValue(nil, e, c.DB)
	if err != nil {
		c.WriteErrorf("ERR the value cannot be saved: %v", err)
		return
	}
	// DUMP's payload has the type before the value, in one byte.
	c.WriteStatus(fmt.Sprintf("Value at:%p refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d",
		unsafe.Pointer(e), e.Encoding(), len(dump)-dumpFooter-1, e.AccessBits(), e.Idle(c.srv.Mstime())/1000))
}
