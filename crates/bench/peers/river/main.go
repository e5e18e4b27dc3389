// Measures River with its published packages: go run . [flags] DATABASE_URL
//
// Prints one line of JSON for each figure on standard output, and what it does on standard error.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// What is to be measured, and at which size.
type options struct {
	database string
	only     string
	tasks    int
	runs     int
	samples  int
	held     time.Duration
	tune     tuning
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "drain,life,pickup,held", "what to measure")
	flag.IntVar(&o.tasks, "tasks", 100_000, "tasks in each drain and each life")
	flag.IntVar(&o.runs, "runs", 3, "runs of each drain and each life; the middle one counts")
	flag.IntVar(&o.samples, "samples", 200, "pickups measured at idle; at 300/s it is 15 times as many")
	flag.DurationVar(&o.held, "held", time.Minute, "length of the runs with and without a held snapshot")
	flag.IntVar(&o.tune.workers, "workers", 2_000, "most jobs at once")
	flag.IntVar(&o.tune.connections, "connections", 10, "size of the connection pool")
	flag.IntVar(&o.tune.batch, "batch", 5_000, "jobs in one insert")
	flag.DurationVar(&o.tune.cooldown, "cooldown", 2*time.Millisecond, "least time between two fetches")
	flag.DurationVar(&o.tune.poll, "poll", 20*time.Millisecond, "time between two fetches without a notification")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "the URL of a Postgres is missing")
		os.Exit(2)
	}
	o.database = flag.Arg(0)
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	sections := map[string]func(context.Context, options) error{
		"drain": tellDrain, "life": tellLife, "pickup": tellPickup, "held": tellHeld,
	}
	for _, name := range strings.Split(o.only, ",") {
		tell, known := sections[name]
		if !known {
			return fmt.Errorf("there is no section %q", name)
		}
		if err := tell(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// The settings a figure was measured with.
const tuned, defaults = "bench", "defaults"

func tellDrain(ctx context.Context, o options) error {
	var submits, drains []float64
	for range o.runs {
		submit, drain, err := measureDrain(ctx, o)
		if err != nil {
			return err
		}
		submits, drains = append(submits, submit), append(drains, drain)
	}
	report(tuned, "submit", median(submits), "tasks/s")
	report(tuned, "drain", median(drains), "tasks/s")
	return nil
}

func tellLife(ctx context.Context, o options) error {
	var lives []float64
	for range o.runs {
		life, err := measureLife(ctx, o)
		if err != nil {
			return err
		}
		lives = append(lives, life)
	}
	report(tuned, "life", median(lives), "tasks/s")
	return nil
}

func tellPickup(ctx context.Context, o options) error {
	for _, s := range []struct {
		name string
		tune tuning
	}{{tuned, o.tune}, {defaults, o.tune.defaults()}} {
		for _, arrival := range []struct {
			name  string
			rate  float64
			count int
		}{{"idle", 8, o.samples}, {"300", 300, o.samples * 15}} {
			seen, err := measurePickup(ctx, o.database, s.tune, arrival.rate, arrival.count)
			if err != nil {
				return err
			}
			report(s.name, "pickup_"+arrival.name+"_p50", percentile(seen.begun, 0.50), "ms")
			report(s.name, "pickup_"+arrival.name+"_p99", percentile(seen.begun, 0.99), "ms")
			report(s.name, "call_"+arrival.name+"_p50", percentile(seen.answered, 0.50), "ms")
		}
	}
	return nil
}

func tellHeld(ctx context.Context, o options) error {
	free, err := measureHeld(ctx, o, false)
	if err != nil {
		return err
	}
	held, err := measureHeld(ctx, o, true)
	if err != nil {
		return err
	}
	report(tuned, "last_quarter_free", free, "tasks/s")
	report(tuned, "last_quarter_held", held, "tasks/s")
	report(tuned, "held_share", held/free, "of free")
	return nil
}

// One line of the answer.
type figure struct {
	Peer     string  `json:"peer"`
	Version  string  `json:"version"`
	Settings string  `json:"settings"`
	Figure   string  `json:"figure"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
}

func report(settings, name string, value float64, unit string) {
	line, err := json.Marshal(figure{"river", version(), settings, name, value, unit})
	if err != nil {
		panic(err) // Only a value that is no number, which would be a mistake in this program.
	}
	fmt.Println(string(line))
}

// The version of River that was built in.
func version() string {
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path == "github.com/riverqueue/river" {
			return module.Version
		}
	}
	return "unknown"
}

func median(values []float64) float64 {
	return percentile(values, 0.5)
}

// The value at or below which this share of all lie.
func percentile(values []float64, share float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	place := int(share*float64(len(sorted))+0.999999) - 1
	return sorted[max(0, min(place, len(sorted)-1))]
}
