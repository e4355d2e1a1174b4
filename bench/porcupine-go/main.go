// Command porcupine-bench times Porcupine itself on its own recorded histories, for the table in bench/porcupine.ts.
//
//	cd bench/porcupine-go && GOMAXPROCS=1 go run . ../../../histories
//
// The folder holds porcupine/jepsen-etcd/*.log (a register with compare-and-set) and porcupine/kv/*.txt (a store of
// strings). It prints a line a history: its path, the verdict, the best and the median of five runs in milliseconds of
// processor time. Parsing is not counted. The models are the obvious ones; kv is partitioned by key, and once more as a whole.
package main

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

const repetitions = 5

const none = -1 << 62

type input struct {
	f, key, text string
	a, b         int
}

// The answer; `known` is false where nobody heard it.
type output struct {
	known, done bool
	text        string
	number      int
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return none
	}
	return n
}

// Numbers, as in Porcupine's own test of these logs; no Hash there either.
var register = porcupine.Model{
	Init: func() interface{} { return none },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		now, i, o := state.(int), in.(input), out.(output)
		switch i.f {
		case "read":
			return !o.known || o.number == now, now
		case "write":
			return true, i.a
		}
		if now == i.a {
			return !o.known || o.done, i.b
		}
		return !o.known || !o.done, now
	},
}

func hashTexts(texts ...string) uint64 {
	h := fnv.New64a()
	for _, text := range texts {
		h.Write([]byte(text))
	}
	return h.Sum64()
}

func hashText(state interface{}) uint64 { return hashTexts(state.(string)) }

func stepText(now string, i input, o output) (bool, string) {
	switch i.f {
	case "get":
		return o.text == now, now
	case "put":
		return true, i.text
	}
	return true, now + i.text
}

var kv = porcupine.Model{
	PartitionEvent: func(history []porcupine.Event) [][]porcupine.Event {
		parts, keys, keyOf := map[string][]porcupine.Event{}, []string{}, map[int]string{}
		for _, e := range history {
			if e.Kind == porcupine.CallEvent {
				keyOf[e.Id] = e.Value.(input).key
			}
			key := keyOf[e.Id]
			if parts[key] == nil {
				keys = append(keys, key)
			}
			parts[key] = append(parts[key], e)
		}
		sort.Strings(keys)
		all := [][]porcupine.Event{}
		for _, key := range keys {
			all = append(all, parts[key])
		}
		return all
	},
	Init: func() interface{} { return "" },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		return stepText(state.(string), in.(input), out.(output))
	},
	Hash: hashText,
}

// The whole store as one state: a map that each write copies.
var store = porcupine.Model{
	Init: func() interface{} { return map[string]string{} },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		now, i := state.(map[string]string), in.(input)
		ok, value := stepText(now[i.key], i, out.(output))
		if !ok || i.f == "get" {
			return ok, now
		}
		next := make(map[string]string, len(now)+1)
		for k, v := range now {
			next[k] = v
		}
		next[i.key] = value
		return true, next
	},
	Equal: func(a, b interface{}) bool {
		x, y := a.(map[string]string), b.(map[string]string)
		if len(x) != len(y) {
			return false
		}
		for k, v := range x {
			if w, ok := y[k]; !ok || w != v {
				return false
			}
		}
		return true
	},
	Hash: func(state interface{}) uint64 {
		var sum uint64
		for k, v := range state.(map[string]string) {
			sum ^= hashTexts(k, v)
		}
		return sum
	},
}

var etcdLine = regexp.MustCompile(`^INFO\s+jepsen\.util\s+-\s+(\d+)\s+:(\w+)\s+:(\w+)\s+(.*)$`)
var kvLine = regexp.MustCompile(`^\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (?:nil|"(.*)")\}$`)

func load(path string) []porcupine.Event {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	events, open, id := []porcupine.Event{}, map[string]int{}, 0
	for _, line := range strings.Split(string(text), "\n") {
		var process, kind, f, key, value string
		if m := etcdLine.FindStringSubmatch(line); m != nil {
			process, kind, f, value = m[1], m[2], m[3], strings.TrimSpace(m[4])
		} else if m := kvLine.FindStringSubmatch(line); m != nil {
			process, kind, f, key, value = m[1], m[2], m[3], m[4], m[5]
		} else {
			continue
		}
		if kind == "invoke" {
			words := append(strings.Fields(strings.Trim(value, "[]")), "", "")
			in := input{f, key, value, number(words[0]), number(words[1])}
			events = append(events, porcupine.Event{Kind: porcupine.CallEvent, Value: in, Id: id})
			open[process] = id
			id++
			continue
		}
		timedOut := strings.Contains(value, ":timed-out")
		if kind == "info" || (timedOut && f != "read") {
			continue // returns at the end
		}
		events = append(events, porcupine.Event{Kind: porcupine.ReturnEvent,
			Value: output{!timedOut, kind == "ok", value, number(value)}, Id: open[process]})
		delete(open, process)
	}
	for _, pending := range open {
		events = append(events, porcupine.Event{Kind: porcupine.ReturnEvent, Value: output{}, Id: pending})
	}
	return events
}

func cpuMs() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	nanos := usage.Utime.Nano() + usage.Stime.Nano()
	return float64(nanos) / 1e6
}

func measure(name, path string, model porcupine.Model) {
	events, took, verdict := load(path), []float64{}, porcupine.Unknown
	for i := 0; i < repetitions; i++ {
		start := cpuMs()
		verdict = porcupine.CheckEventsTimeout(model, events, time.Minute)
		took = append(took, cpuMs()-start)
	}
	sort.Float64s(took)
	fmt.Printf("%s\t%s\t%.3f\t%.3f\n", name, verdict, took[0], took[repetitions/2])
}

func main() {
	root := os.Args[1]
	for folder, model := range map[string]porcupine.Model{"jepsen-etcd/*.log": register, "kv/*.txt": kv} {
		paths, _ := filepath.Glob(filepath.Join(root, "porcupine", folder))
		for _, path := range paths {
			name, _ := filepath.Rel(root, path)
			measure(name, path, model)
		}
	}
	measure("porcupine/kv/c10-ok.txt as one state", filepath.Join(root, "porcupine/kv/c10-ok.txt"), store)
}
