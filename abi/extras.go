package abi

// removeExtras takes back what the module registered besides commands, events
// and filters.
func (m *Module) removeExtras() {
	m.infoFunc = 0
}
