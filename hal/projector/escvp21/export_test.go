package escvp21

// PartsOf is Trouble.parts for tests.
func PartsOf(t Trouble) []string { return t.parts() }
