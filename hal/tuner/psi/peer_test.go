package psi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"stationbox/hal/tuner/psi"
)

// sectionsOf takes the sections of one PID out of a transport stream whose
// sections fit into a packet each, as ffmpeg makes them.
func sectionsOf(t *testing.T, stream []byte, pid uint16) (all []psi.Section) {
	t.Helper()
	for ; len(stream) >= 188; stream = stream[188:] {
		p := stream[:188]
		if p[0] != 0x47 {
			t.Fatal("lost the sync byte")
		}
		if uint16(p[1]&0x1F)<<8|uint16(p[2]) != pid || p[1]&0x40 == 0 {
			continue
		}
		b := p[4:]
		b = b[1+int(b[0]):]
		all = append(all, section(t, b[:3+int(b[1]&0xF)<<8+int(b[2])]))
	}
	return all
}

// TestPeer reads what ffmpeg writes.
func TestPeer(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	out := filepath.Join(t.TempDir(), "out.ts")
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono",
		"-t", "1", "-c:a", "mp2", "-f", "mpegts", "-mpegts_flags", "+nit",
		"-mpegts_transport_stream_id", "0x1001", "-mpegts_original_network_id", "0x2002", "-mpegts_service_id", "0x0321",
		"-metadata", "service_name=教育 CETV-1", "-metadata", "service_provider=中国", out)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	stream, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var tables [3][]psi.Section
	for i, pid := range []uint16{psi.PIDPAT, psi.PIDSDT, psi.PIDNIT} {
		var c psi.Collector
		for _, s := range sectionsOf(t, stream, pid) {
			tables[i] = c.Add(s)
		}
		if tables[i] == nil {
			t.Fatalf("no table on PID %04x", pid)
		}
	}
	pat, err := psi.ParsePAT(tables[0])
	if err != nil || pat.Stream != 0x1001 || len(pat.Programs) != 1 || pat.Programs[0].Number != 0x321 || pat.NIT != psi.PIDNIT {
		t.Errorf("PAT: %+v, %v", pat, err)
	}
	sdt, err := psi.ParseSDT(tables[1])
	if err != nil || sdt.Network != 0x2002 || len(sdt.Services) != 1 {
		t.Fatalf("SDT: %+v, %v", sdt, err)
	}
	if s := sdt.Services[0]; s.Name != "教育 CETV-1" || s.Provider != "中国" || s.ID != 0x321 || !s.Running || s.Scrambled {
		t.Errorf("service: %+v", s)
	}
	nit, err := psi.ParseNIT(tables[2])
	if _, ok := nit.Position(0x1001); err != nil || ok {
		t.Errorf("NIT: %+v, %v", nit, err)
	}
}
