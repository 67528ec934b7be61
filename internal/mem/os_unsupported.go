//go:build !unix

package mem

import "errors"

func osMap(int) (uintptr, error) { return 0, errors.ErrUnsupported }

func osUnmap(uintptr, int) error { return errors.ErrUnsupported }

func osDiscard(uintptr, int) {}

func osHuge(uintptr, int) {}

func osRemap(uintptr, int, int) (uintptr, error) { return 0, errors.ErrUnsupported }
