// Package lint holds the house rules as tests. It has no code of its own to import.
//
// Each test walks the sources below the module's root, so a rule holds for files that no build on this system compiles.
package lint
