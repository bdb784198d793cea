// Asks Kubernetes' own code what is wrong with pod templates: one template a line on standard input, and for each of
// them {"template": …, "errors": [texts]} on standard output. It goes the way of Argo Rollouts: v1 defaults, JSON into
// the internal type, `privileged` taken away, then the rules for a ReplicaSet's template (with an empty selector).
//
//	go run . < templates.jsonl > answers.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"os"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
	apps "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	defaults "k8s.io/kubernetes/pkg/apis/core/v1"
	rules "k8s.io/kubernetes/pkg/apis/core/validation"
)

// What Argo leaves to the cluster.
var options = rules.PodValidationOptions{AllowInvalidPodDeletionCost: true, AllowIndivisibleHugePagesValues: true}

const longest = 1 << 22

type answer struct {
	Template json.RawMessage `json:"template"`
	Errors   []string        `json:"errors"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, longest), longest)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		errors, err := judge(lines.Bytes())
		if err == nil {
			err = out.Encode(answer{Template: lines.Bytes(), Errors: errors})
		}
		if err != nil {
			panic(err)
		}
	}
}

func judge(line []byte) ([]string, error) {
	holder := v1.PodTemplate{}
	if err := json.Unmarshal(line, &holder.Template); err != nil {
		return nil, err
	}
	defaults.SetObjectDefaults_PodTemplate(&holder)
	text, err := json.Marshal(&holder.Template)
	if err != nil {
		return nil, err
	}
	template := core.PodTemplateSpec{}
	if err := json.Unmarshal(text, &template); err != nil {
		return nil, err
	}
	template.ObjectMeta = holder.Template.ObjectMeta
	forget(template.Spec.Containers)
	forget(template.Spec.InitContainers)
	found := apps.ValidatePodTemplateSpecForReplicaSet(
		&template, labels.Everything(), 1, field.NewPath("spec", "template"), options)
	errors := []string{}
	for _, one := range found {
		errors = append(errors, one.Error())
	}
	return errors, nil
}

func forget(containers []core.Container) {
	for _, container := range containers {
		if container.SecurityContext != nil {
			container.SecurityContext.Privileged = nil
		}
	}
}
