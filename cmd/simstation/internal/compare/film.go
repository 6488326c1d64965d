package compare

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"stationbox/hal/sim/eye"
)

// The films have the size of the screen, so that nobody has to scale. Their strip
// (package eye) carries the number of the film, too: frame f of film k is number
// k*filmRange + f.
const (
	width, height = 640, 360
	stripHeight   = 8
	films         = 6 // different ones, so that five transitions can be told apart
	filmFrames    = 75
	filmRange     = 128
	frameTime     = time.Second / eye.Rate
)

// coded says which frame of which film a number of the strip is; ok is false for
// none of them.
func coded(number, frames int) (film, frame int, ok bool) {
	film, frame = number/filmRange, number%filmRange
	return film, frame, number >= 0 && film < films && frame < frames
}

// shoot makes the films and returns their files: H.264 of so many frames and
// sound of exactly the same length.
func shoot(ctx context.Context, dir string, frames int) ([]string, error) {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, fmt.Errorf("films: %w: install the package ffmpeg, or run `make setup-test`", err)
	}
	var files []string
	for k := range films {
		file := filepath.Join(dir, fmt.Sprintf("film%d.mp4", k))
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		out, err := exec.CommandContext(ctx, program, recipe(k, frames, file)...).CombinedOutput()
		cancel()
		if err != nil {
			return nil, fmt.Errorf("film %s: %w: %s", file, err, strings.TrimSpace(string(out)))
		}
		files = append(files, file)
	}
	return files, nil
}

// recipe is ffmpeg's command line for film k.
func recipe(k, frames int, file string) []string {
	length := fmt.Sprint(float64(frames) / eye.Rate)
	// The blocks of the strip are computed in a picture of 32 by 2 and enlarged without blur.
	bit := fmt.Sprintf("if(eq(floor(X/2),15),235,if(eq(floor(X/2),14),16,16+219*mod(floor((%d+N+pow(2,floor(X/2)))/pow(2,floor(X/2)+1)),2)))", k*filmRange)
	return []string{"-nostdin", "-v", "error", "-y",
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=%dx%d:r=%d:d=%s", width, height-stripHeight, eye.Rate, length),
		"-f", "lavfi", "-i", fmt.Sprintf("color=c=black:s=32x2:r=%d:d=%s,format=yuv420p,geq=lum='%s':cb=128:cr=128,scale=%d:%d:flags=neighbor,setsar=1",
			eye.Rate, length, bit, width, stripHeight),
		"-f", "lavfi", "-i", "sine=440:r=48000:d=" + length,
		"-filter_complex", fmt.Sprintf("[0:v]hue=h=%d,format=yuv420p,setsar=1[a];[a][1:v]vstack=shortest=1,format=yuv420p[v]", k*60),
		"-map", "[v]", "-map", "2:a", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-g", "25",
		"-c:a", "aac", "-b:a", "96k", "-ac", "2", "-movflags", "+faststart", file}
}
