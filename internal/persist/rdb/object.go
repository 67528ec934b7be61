package rdb

// Version is the version of the format that is written unless another is asked
// for, and the last that is read.
const Version = 11

// Magic begins a file. Four digits with its version follow.
const Magic = "REDIS"

// Object is how a value is written. It stands before the key.
type Object uint8

// The objects. All of them are read; which are written depends on the version.
const (
	ObjString       Object = 0
	ObjList         Object = 1
	ObjSet          Object = 2
	ObjZSet         Object = 3 // scores as text
	ObjHash         Object = 4
	ObjZSet2        Object = 5 // scores as doubles
	ObjModulePreGA  Object = 6 // of release candidates, never read
	ObjModule2      Object = 7
	ObjHashZipmap   Object = 9
	ObjListZiplist  Object = 10
	ObjSetIntset    Object = 11
	ObjZSetZiplist  Object = 12
	ObjHashZiplist  Object = 13
	ObjQuicklist    Object = 14 // of ziplists
	ObjStream       Object = 15
	ObjHashListpack Object = 16
	ObjZSetListpack Object = 17
	ObjQuicklist2   Object = 18 // of listpacks and single elements
	ObjStream2      Object = 19 // with the first ID and counters
	ObjSetListpack  Object = 20
	ObjStream3      Object = 21 // with the time when consumers last got something
)

// Valid reports whether o stands before a key, and is no operation.
func (o Object) Valid() bool { return o <= ObjModule2 || o >= ObjHashZipmap && o <= ObjStream3 }

// The kinds of a node of ObjQuicklist2.
const (
	QuickPlain  = 1
	QuickPacked = 2
)

// The operations of a file. What is less is an Object.
const (
	OpFunction2     = 245 // a library of functions
	OpFunctionPreGA = 246 // the same, of release candidates
	OpModuleAux     = 247 // data of a module's that belong to no key
	OpIdle          = 248 // how long the next key was not used, in seconds
	OpFreq          = 249 // how often the next key was used
	OpAux           = 250 // a name and a text
	OpResizeDB      = 251 // how many keys come, and how many with a time of expiry
	OpExpireMS      = 252 // when the next key's time is over
	OpExpire        = 253 // the same in seconds
	OpSelectDB      = 254
	OpEOF           = 255
)
