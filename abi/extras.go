package abi

// removeExtras takes back what the module registered besides commands, events
// and filters.
func (m *Module) removeExtras() {
	if m.infoFunc != 0 {
		host.srv.RemoveInfo(m)
		m.infoFunc = 0
	}
	host.unsubscribe(m)
	m.unhear()
	m.dropJobs()
	m.dropPromises()
	host.srv.Config.Unregister(m.name)
}
