package server

// KeyFlag is a set of flags of the keys that a KeySpec finds.
type KeyFlag uint32

// The key flags; KeyFlagNames gives the words that COMMAND INFO shows.
const (
	KeyRO KeyFlag = 1 << iota
	KeyRW
	KeyOW
	KeyRM
	KeyAccess
	KeyUpdate
	KeyInsert
	KeyDelete
	KeyNotKey
	KeyIncomplete
	KeyVariableFlags
)

// KeyFlagNames lists the key flags by bit.
var KeyFlagNames = []string{
	"RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key",
	"incomplete", "variable_flags",
}

// BeginKind says how a KeySpec finds the first argument to look at.
type BeginKind uint8

// The ways to begin a search for keys.
const (
	BeginUnknown BeginKind = iota
	BeginIndex
	BeginKeyword
)

// FindKind says how a KeySpec goes on from the beginning.
type FindKind uint8

// The ways to find the keys from the beginning on.
const (
	FindUnknown FindKind = iota
	FindRange
	FindKeyNum
)

// KeySpec says where some keys of a command are.
type KeySpec struct {
	// Notes is free text shown to the reader of COMMAND INFO.
	Notes string
	// Flags tell what the command does to the keys.
	Flags KeyFlag
	// Begin selects among Index and Keyword with StartFrom.
	Begin BeginKind
	// Index is the argument at which the keys begin.
	Index int
	// Keyword is the word after which the keys begin.
	Keyword string
	// StartFrom is where the search for Keyword starts; below zero it counts
	// from the end and goes backwards.
	StartFrom int
	// Find selects among the range and the counted form.
	Find FindKind
	// LastKey, Step and Limit belong to FindRange: the last key relative to
	// the first (below zero from the end), the distance between keys, and
	// what part of the rest to look at (2 = half).
	LastKey, Step, Limit int
	// KeyNumIdx, FirstKey and Step belong to FindKeyNum: where the count is,
	// where the first key is, both relative to the beginning.
	KeyNumIdx, FirstKey int
}

// KeyRef is one key found in an argument list.
type KeyRef struct {
	// Pos is its index in argv.
	Pos int
	// Flags tell what is done to it.
	Flags KeyFlag
}

// ArgType is the kind of an argument in COMMAND DOCS.
type ArgType uint8

// The kinds of arguments.
const (
	ArgString ArgType = iota
	ArgInteger
	ArgDouble
	ArgKey
	ArgPattern
	ArgUnixTime
	ArgPureToken
	ArgOneOf
	ArgBlock
)

// ArgFlag is a set of argument flags.
type ArgFlag uint8

// The argument flags.
const (
	ArgOptional ArgFlag = 1 << iota
	ArgMultiple
	ArgMultipleToken
)

// Arg describes one argument for COMMAND DOCS.
type Arg struct {
	// Name is how the argument is called.
	Name string
	// Type is its kind.
	Type ArgType
	// KeySpec is the index of the key spec it belongs to, or -1.
	KeySpec int
	// Token is the literal word that precedes it, if any.
	Token string
	// Summary, Since, DeprecatedSince and DisplayText are what the
	// documentation says of it.
	Summary, Since, DeprecatedSince, DisplayText string
	// Flags say whether it may be left out or repeated.
	Flags ArgFlag
	// Args are the parts of a block or the choices of a one-of.
	Args []Arg
}
