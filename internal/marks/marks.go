// Package marks replaces a part of a file that stands between two marks: tables in documents that a tool writes.
package marks

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrNoMarks is returned when a file lacks one of the marks, or has them in the wrong order.
var ErrNoMarks = errors.New("no marks for the tool's text")

// Replace returns file with text in place of what stands between the lines begin and end.
func Replace(file []byte, begin, end, text string) ([]byte, error) {
	from := bytes.Index(file, []byte(begin))
	to := bytes.Index(file, []byte(end))
	if from < 0 || to < from {
		return nil, ErrNoMarks
	}
	var out []byte
	out = append(out, file[:from+len(begin)]...)
	out = append(out, "\n\n"...)
	out = append(out, strings.TrimSpace(text)...)
	out = append(out, "\n\n"...)
	return append(out, file[to:]...), nil
}

// Rewrite does the same to the file at path.
func Rewrite(path, begin, end, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	out, err := Replace(old, begin, end, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, out, 0o644)
}
