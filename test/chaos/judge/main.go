// Judge checks a history of lock operations with porcupine: is there one order of them, in keeping with their
// times, in which every lock has at most one holder? Prints Ok, Illegal, or Unknown where time ran out, and
// draws the history.
//
//	judge history.json history.html
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// Operation is one call on a lock, and what became of it: done, refused or unknown.
type Operation struct {
	Client  string `json:"client"`
	Lock    string `json:"lock"`
	Section string `json:"section"`
	Kind    string `json:"kind"`
	Outcome string `json:"outcome"`
	Call    int64  `json:"call"`
	Return  *int64 `json:"return"`
}

// Remark is something that happened meanwhile, for the picture alone.
type Remark struct {
	About string `json:"about"`
	From  int64  `json:"from"`
	Until int64  `json:"until"`
	Text  string `json:"text"`
}

// History is what the input file holds.
type History struct {
	Operations []Operation `json:"operations"`
	Remarks    []Remark    `json:"remarks"`
}

const free = ""

// The state of a lock is the section that holds it.
func step(state, input, _ interface{}) (bool, interface{}) {
	holder, operation := state.(string), input.(Operation)
	if operation.Kind == "acquire" {
		return holder == free, operation.Section
	}
	// Each section releases once, and until then nobody else may have the lock.
	return holder == operation.Section, free
}

// Whether the operation can be part of an order at all. An acquire that was refused takes nothing. Nor does one of
// unknown outcome: whether or not it landed in the table, nobody worked under it, and being pending to the
// end it can always come last. The search would only try each of them at each place: they are drawn, not checked.
func takesPart(operation Operation) bool {
	return operation.Kind == "release" || operation.Outcome == "done"
}

func byLock(history []porcupine.Operation) [][]porcupine.Operation {
	locks := map[string][]porcupine.Operation{}
	for _, operation := range history {
		lock := operation.Input.(Operation).Lock
		locks[lock] = append(locks[lock], operation)
	}
	names := make([]string, 0, len(locks))
	for name := range locks {
		names = append(names, name)
	}
	sort.Strings(names)
	partitions := make([][]porcupine.Operation, 0, len(names))
	for _, name := range names {
		partitions = append(partitions, locks[name])
	}
	return partitions
}

var model = porcupine.Model{
	Partition:         byLock,
	Init:              func() interface{} { return free },
	Step:              step,
	DescribeOperation: func(input, _ interface{}) string { return describe(input.(Operation)) },
	DescribeState: func(state interface{}) string {
		if state == free {
			return "free"
		}
		return fmt.Sprintf("held by %s", state)
	},
}

func describe(operation Operation) string {
	text := fmt.Sprintf("%s(%s) by %s", operation.Kind, operation.Lock, operation.Section)
	if operation.Outcome != "done" {
		text += ": " + operation.Outcome
	}
	return text
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: judge history.json history.html")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var history History
	if err := json.Unmarshal(text, &history); err != nil {
		log.Fatal(err)
	}
	end := endOf(history)
	result, info := porcupine.CheckOperationsVerbose(model, operations(history, end), 2*time.Minute)
	info.AddAnnotations(annotations(history, end))
	if err := porcupine.VisualizePath(model, info, os.Args[2]); err != nil {
		log.Fatal(err)
	}
	fmt.Println(result)
}

// After everything: where what had no answer is pending to.
func endOf(history History) int64 {
	var end int64
	for _, operation := range history.Operations {
		end = max(end, operation.Call)
		if operation.Return != nil {
			end = max(end, *operation.Return)
		}
	}
	return end + 1
}

// The operations to be put in order. After a pending one, its client's later calls get a row of their own in the
// picture, since one row shows one call at a time.
func operations(history History, end int64) []porcupine.Operation {
	ids, rows := map[string]int{}, 0
	var converted []porcupine.Operation
	for _, operation := range history.Operations {
		if !takesPart(operation) {
			continue
		}
		id, known := ids[operation.Client]
		if !known {
			id = rows
			ids[operation.Client] = id
			rows++
		}
		returned := end
		if operation.Return != nil {
			returned = *operation.Return
		} else {
			delete(ids, operation.Client)
		}
		converted = append(converted, porcupine.Operation{
			ClientId: id, Input: operation, Call: operation.Call, Return: returned,
		})
	}
	return converted
}

// What else the picture shows.
func annotations(history History, end int64) []porcupine.Annotation {
	var shown []porcupine.Annotation
	for _, remark := range history.Remarks {
		shown = append(shown, porcupine.Annotation{
			Tag: remark.About, Start: remark.From, End: remark.Until, Description: remark.Text, BackgroundColor: "#efaefc",
		})
	}
	for _, operation := range history.Operations {
		if takesPart(operation) {
			continue
		}
		until := end
		if operation.Return != nil {
			until = *operation.Return
		}
		shown = append(shown, porcupine.Annotation{
			Tag: operation.Client, Start: operation.Call, End: until, Description: describe(operation),
		})
	}
	return shown
}
