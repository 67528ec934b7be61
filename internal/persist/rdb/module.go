package rdb

import "fmt"

// ModuleTag says what an element of a module's value is.
type ModuleTag uint64

// The tags.
const (
	ModuleEnd    ModuleTag = 0 // behind the last element
	ModuleSigned ModuleTag = 1 // read, but never written
	ModuleUint   ModuleTag = 2
	ModuleFloat  ModuleTag = 3
	ModuleDouble ModuleTag = 4
	ModuleString ModuleTag = 5
)

// AppendModuleUint appends a number to a module's value. Signed ones are given
// as their two's complement.
func AppendModuleUint(b []byte, n uint64) []byte {
	return AppendLen(AppendLen(b, uint64(ModuleUint)), n)
}

// AppendModuleDouble appends a number to a module's value.
func AppendModuleDouble(b []byte, x float64) []byte {
	return AppendDouble(AppendLen(b, uint64(ModuleDouble)), x)
}

// AppendModuleFloat appends a number to a module's value.
func AppendModuleFloat(b []byte, x float32) []byte {
	return AppendFloat(AppendLen(b, uint64(ModuleFloat)), x)
}

// tag reads the tag of the next element, which must be want.
func (r *Reader) tag(want ModuleTag) error {
	n, _, err := r.Len()
	if err == nil && ModuleTag(n) != want {
		err = fmt.Errorf("%w: a module's element is tagged %d, not %d", ErrCorrupt, n, want)
	}
	return err
}

// ModuleUint reads what AppendModuleUint wrote.
func (r *Reader) ModuleUint() (uint64, error) {
	if err := r.tag(ModuleUint); err != nil {
		return 0, err
	}
	n, _, err := r.Len()
	return n, err
}

// ModuleString reads a string of a module's value. The result may alias the
// input.
func (r *Reader) ModuleString() ([]byte, error) {
	if err := r.tag(ModuleString); err != nil {
		return nil, err
	}
	return r.String()
}

// ModuleDouble reads what AppendModuleDouble wrote.
func (r *Reader) ModuleDouble() (float64, error) {
	if err := r.tag(ModuleDouble); err != nil {
		return 0, err
	}
	return r.Double()
}

// ModuleFloat reads what AppendModuleFloat wrote.
func (r *Reader) ModuleFloat() (float32, error) {
	if err := r.tag(ModuleFloat); err != nil {
		return 0, err
	}
	return r.Float()
}

// SkipModule reads the elements of a module's value up to the end of the input,
// or to the tag behind the last, and says whether they are whole.
func (r *Reader) SkipModule() error {
	return r.elements(func() error { _, err := r.String(); return err })
}

// PassModule is SkipModule without a look into compressed strings.
func (r *Reader) PassModule() error { return r.elements(r.passString) }

func (r *Reader) elements(str func() error) error {
	for !r.Done() {
		n, _, err := r.Len()
		if err != nil {
			return err
		}
		switch ModuleTag(n) {
		case ModuleEnd:
			return nil
		case ModuleSigned, ModuleUint:
			_, _, err = r.Len()
		case ModuleFloat:
			_, err = r.Float()
		case ModuleDouble:
			_, err = r.Double()
		case ModuleString:
			err = str()
		default:
			err = fmt.Errorf("%w: a module's element is tagged %d", ErrCorrupt, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
