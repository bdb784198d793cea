// Writes the table of rollouts/hashing/podtemplate_fields.json to standard output: for every struct that a pod template
// reaches, its fields in Go's order of declaration as [JSON name, type, flags]. A type is a scalar, a struct's name, or
// *T, []T, {}T (a map with text keys); flags are e (omitempty) and z (omitzero).
//
//	go run . > ../../rollouts/hashing/podtemplate_fields.json
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Types that read and write themselves; the Python side knows them by these names.
var own = map[reflect.Type]string{
	reflect.TypeOf(resource.Quantity{}):  "Quantity",
	reflect.TypeOf(intstr.IntOrString{}): "IntOrString",
	reflect.TypeOf(meta.Time{}):          "Time",
	reflect.TypeOf(meta.FieldsV1{}):      "Raw",
}

type field [3]string

type table map[string][]field

func main() {
	found := table{}
	found.add(reflect.TypeOf(core.PodTemplateSpec{}))
	found.add(reflect.TypeOf(meta.LabelSelector{}))
	if err := found.write(os.Stdout); err != nil {
		panic(err)
	}
}

func (t table) add(s reflect.Type) {
	if _, known := t[s.Name()]; !known {
		t[s.Name()] = nil
		t[s.Name()] = t.fields(s)
	}
}

func (t table) fields(s reflect.Type) (all []field) {
	for i := 0; i < s.NumField(); i++ {
		f := s.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if f.Anonymous && tag[0] == "" {
			all = append(all, t.fields(f.Type)...)
			continue
		}
		flags := ""
		for _, option := range tag[1:] {
			switch option {
			case "omitempty":
				flags += "e"
			case "omitzero":
				flags += "z"
			}
		}
		all = append(all, field{tag[0], t.word(f.Type), flags})
	}
	return all
}

func (t table) word(typ reflect.Type) string {
	if name, ok := own[typ]; ok {
		return name
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return "*" + t.word(typ.Elem())
	case reflect.Slice:
		return "[]" + t.word(typ.Elem())
	case reflect.Map:
		return "{}" + t.word(typ.Elem())
	case reflect.Struct:
		t.add(typ)
		return typ.Name()
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64:
		return typ.Kind().String()
	}
	panic(fmt.Sprintf("no word for %v", typ))
}

func (t table) write(to *os.File) error {
	var names []string
	for name := range t {
		names = append(names, name)
	}
	sort.Strings(names)
	var out bytes.Buffer
	for i, name := range names {
		fields, err := json.Marshal(t[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%s%q: %s", map[bool]string{true: "{", false: ",\n"}[i == 0], name, fields)
	}
	out.WriteString("}\n")
	_, err := to.Write(out.Bytes())
	return err
}
