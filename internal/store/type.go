package store

// Type is the kind of a value, by the numbers of Redis.
type Type uint8

// The types.
const (
	String Type = 0
	List   Type = 1
	Set    Type = 2
	ZSet   Type = 3
	Hash   Type = 4
	Module Type = 5
	Stream Type = 6
)

// Name is what TYPE replies for a built-in type.
func (t Type) Name() string {
	switch t {
	case String:
		return "string"
	case List:
		return "list"
	case Set:
		return "set"
	case ZSet:
		return "zset"
	case Hash:
		return "hash"
	case Stream:
		return "stream"
	}
	return "module"
}

// Encoding is how a value is kept, by the numbers of Redis.
type Encoding uint8

// The encodings.
const (
	Raw       Encoding = 0
	Int       Encoding = 1
	HashTable Encoding = 2
	IntSet    Encoding = 6
	SkipList  Encoding = 7
	EmbStr    Encoding = 8
	QuickList Encoding = 9
	StreamEnc Encoding = 10
	ListPack  Encoding = 11
)

// String is what OBJECT ENCODING replies.
func (e Encoding) String() string {
	switch e {
	case Raw:
		return "raw"
	case Int:
		return "int"
	case HashTable:
		return "hashtable"
	case IntSet:
		return "intset"
	case SkipList:
		return "skiplist"
	case EmbStr:
		return "embstr"
	case QuickList:
		return "quicklist"
	case StreamEnc:
		return "stream"
	case ListPack:
		return "listpack"
	}
	return "unknown"
}
