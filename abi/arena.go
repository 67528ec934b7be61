package abi

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The arena is one reserved range of addresses that holds every cell. It is
// committed chunk by chunk; a chunk serves one class of cells. Because cells
// never move between classes, the Go object behind a cell is found by the
// cell's place alone.
const (
	cellSize    = 64
	arenaSize   = 16 << 30
	chunkSize   = 1 << 20
	chunkCells  = chunkSize / cellSize
	arenaChunks = arenaSize / chunkSize
)

// The second word of every cell: what it is. A live cell's word is never
// anything a module would write by accident, and a freed cell's differs.
const (
	headMagic uint64 = 0x3387CE11A0000000

	headFree   = headMagic | 0x01
	headString = headMagic | 0x10
	headCtx    = headMagic | 0x20
	headKey    = headMagic | 0x30
	headReply  = headMagic | 0x40
	headObject = headMagic | 0x50 // or-ed with the object's kind in the low nibble
)

// arenaLow and arenaEnd bound the committed part of the arena. Leaf functions
// read them. arenaEnd moves up under arenaMu and is read atomically.
var arenaLow, arenaEnd uintptr

var (
	arenaMu   sync.Mutex
	chunkObjs [arenaChunks]atomic.Pointer[[chunkCells]unsafe.Pointer]
)

// reserveArena takes the range from the system. Nothing is committed yet.
func reserveArena() error {
	p, err := unix.MmapPtr(-1, 0, nil, arenaSize, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|mapNoReserve)
	if err != nil {
		return fmt.Errorf("abi: reserve %d bytes of address space: %w", int64(arenaSize), err)
	}
	arenaLow = uintptr(p)
	arenaEnd = arenaLow
	return nil
}

// newChunk commits a chunk, or several for cells that are larger: size bytes. withObjs
// says whether the cells have Go objects behind them. It returns 0 when the range is
// used up or the system has no memory.
func newChunk(size uintptr, withObjs bool) uintptr {
	size = (size + chunkSize - 1) &^ (chunkSize - 1)
	arenaMu.Lock()
	defer arenaMu.Unlock()
	p := arenaEnd
	if size > arenaLow+arenaSize-p {
		return 0
	}
	if err := unix.Mprotect(unsafe.Slice((*byte)(at(p)), size), unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return 0
	}
	if withObjs {
		chunkObjs[(p-arenaLow)/chunkSize].Store(new([chunkCells]unsafe.Pointer))
	}
	atomic.StoreUintptr(&arenaEnd, p+size)
	return p
}

// cellHead is the start of every cell.
type cellHead struct {
	word0 uintptr
	head  uint64
}

// cellClass hands out cells of one size. The holder of the host lock uses
// local without a lock; other threads use shared. Free cells are linked by
// their first word.
type cellClass struct {
	size     uintptr
	withObjs bool

	local     uintptr
	localLive int64 // handed out less taken back, on this side

	mu         sync.Mutex
	shared     uintptr
	sharedLive int64
}

// live returns how many cells are handed out. The host lock must be held.
func (c *cellClass) live() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.localLive + c.sharedLive
}

// alloc returns a cell whose contents are those of its last life but for its
// head, which the caller sets. locked says that the caller holds the host lock.
func (c *cellClass) alloc(locked bool) uintptr {
	p := c.tryAlloc(locked)
	if p == 0 {
		panic("BUG: there is no memory for module handles: handles leak")
	}
	return p
}

// tryAlloc is alloc for cells of which there may be no more: it returns 0 then.
func (c *cellClass) tryAlloc(locked bool) uintptr {
	if locked {
		if c.local == 0 {
			c.mu.Lock()
			c.local, c.shared = c.shared, 0
			c.mu.Unlock()
			if c.local == 0 {
				c.local = c.carve()
			}
		}
		return c.takeLocal()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shared == 0 {
		c.shared = c.carve()
	}
	p := c.shared
	if p != 0 {
		c.shared = *(*uintptr)(at(p))
		c.sharedLive++
	}
	return p
}

// free ends the life of a cell. The object behind it, if any, must have been
// taken off by the caller.
func (c *cellClass) free(p uintptr, locked bool) {
	if locked {
		c.giveLocal(p)
		return
	}
	h := (*cellHead)(at(p))
	h.head = headFree
	c.mu.Lock()
	c.sharedLive--
	h.word0 = c.shared
	c.shared = p
	c.mu.Unlock()
}

// takeLocal is alloc for the holder of the host lock, where nothing may wait: 0 if
// there is no free cell at hand.
func (c *cellClass) takeLocal() uintptr {
	p := c.local
	if p != 0 {
		c.local = *(*uintptr)(at(p))
		c.localLive++
	}
	return p
}

// giveLocal is free for the holder of the host lock.
func (c *cellClass) giveLocal(p uintptr) {
	*(*cellHead)(at(p)) = cellHead{c.local, headFree}
	c.local = p
	c.localLive--
}

// carve links the cells of a new chunk and returns the first, or 0.
func (c *cellClass) carve() uintptr {
	size := max(c.size, chunkSize)
	base := newChunk(size, c.withObjs)
	if base == 0 {
		return 0
	}
	var next uintptr
	for p := base + size - c.size; p >= base; p -= c.size {
		h := (*cellHead)(at(p))
		h.word0, h.head = next, headFree
		next = p
	}
	return base
}

var (
	stringCells = cellClass{size: cellSize}
	objectCells = cellClass{size: cellSize, withObjs: true}
	keyCells    = cellClass{size: cellSize, withObjs: true} // their objects stay
	replyCells  = cellClass{size: cellSize, withObjs: true} // the same: those of roots
	ctxCells    = cellClass{size: 2 * cellSize, withObjs: true}
)

// headOf returns the head word of the cell at p, or 0 when p cannot be a cell.
func headOf(p uintptr) uint64 {
	if p%cellSize != 0 || p-arenaLow >= atomic.LoadUintptr(&arenaEnd)-arenaLow {
		return 0
	}
	return (*cellHead)(at(p)).head
}

// objectSlot returns the place of the Go pointer behind the cell at p.
func objectSlot(p uintptr) *unsafe.Pointer {
	i := p - arenaLow
	return &chunkObjs[i/chunkSize].Load()[i%chunkSize/cellSize]
}
