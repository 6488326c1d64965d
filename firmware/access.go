package firmware

// KindAccess is the kind of record of somebody who looked at what belongs to
// persons, or who came to the page of the station: Access.
const KindAccess = "access"

// Access is the data of a KindAccess record. It names no member: About are numbers.
type Access struct {
	Who   string `json:"who"`             // "administrator", or "viewer" who tried
	From  string `json:"from"`            // address of the telephone or laptop
	What  string `json:"what"`            // "login", "refused", "logout", "search", "member", "household", "roll", "register", "correction"
	About string `json:"about,omitempty"` // numbers of the members that were shown, a lesson, a month
	Count int    `json:"count,omitempty"` // how many members were shown
}
