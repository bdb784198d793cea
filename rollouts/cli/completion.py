"""`completion SHELL`: a few lines of shell that ask `__complete` what could stand here."""

import click

from rollouts.cli.arguments import CobraCommand

BASH = r"""# bash completion for PROGRAM. Load it with: source <(PROGRAM completion bash)
_FUNCTION() {
    local line="${COMP_LINE:0:COMP_POINT}" words last reply directive candidate cut
    read -ra words <<< "$line"
    [[ "$line" == *[[:space:]] ]] && words+=("")
    last="${words[${#words[@]}-1]}"
    reply="$("${words[0]}" __completeNoDesc "${words[@]:1}" 2>/dev/null)" || return
    directive="${reply##*:}"
    reply="${reply%:*}"
    cut="${last%"${last##*[=:]}"}" # bash takes what stands before = and : for words of their own
    COMPREPLY=()
    while IFS= read -r candidate; do
        [[ -n "$candidate" ]] && COMPREPLY+=("${candidate#"$cut"}")
    done <<< "$reply"
    (( directive & 2 )) && compopt -o nospace
    (( directive & 4 )) || compopt -o default
}
complete -F _FUNCTION PROGRAM
"""
ZSH = r"""#compdef PROGRAM
# zsh completion for PROGRAM. Load it with: source <(PROGRAM completion zsh)
_FUNCTION() {
    local tab=$'\t' line directive
    local -a lines choices flags
    lines=("${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    directive=${lines[-1]#:}
    lines[-1]=()
    for line in $lines; do
        line=${line//:/\\:}
        choices+=("${line/$tab/:}")
    done
    (( directive & 2 )) && flags=(-S '')
    if (( ${#choices} )); then
        [[ $PREFIX == --*=* ]] && compset -P '*='
        _describe -V -t choices choice choices $flags
    elif (( ! (directive & 4) )); then
        _files
    fi
}
if [[ ${funcstack[1]} == _FUNCTION ]]; then
    _FUNCTION
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }
    compdef _FUNCTION PROGRAM
fi
"""
FISH = r"""# fish completion for PROGRAM. Load it with: PROGRAM completion fish | source
function __FUNCTION
    set -l words (commandline --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor)
    set -l answer (command $words[1] __complete $words[2..-1] 2>/dev/null)
    test (count $answer) -gt 0; or return
    set -l directive (string sub --start 2 -- $answer[-1])
    set -e answer[-1]
    set -l flag (string match --regex -- '^--[^=]*=' (commandline --current-token --cut-at-cursor))
    for choice in $answer
        echo "$flag$choice"
    end
    if test (count $answer) -eq 0; and test (math "$directive % 8") -lt 4
        __fish_complete_path (commandline --current-token --cut-at-cursor)
    end
end
complete --command PROGRAM --no-files --arguments '(__FUNCTION)'
"""
POWERSHELL = r"""# PowerShell completion for PROGRAM. Load it with:
# PROGRAM completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'PROGRAM' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | ForEach-Object { $_.Extent } |
        Where-Object { $_.EndOffset -le $cursorPosition } | ForEach-Object { $_.Text })
    $rest = @($words | Select-Object -Skip 1)
    if (-not $wordToComplete) { $rest += '""' }
    $lines = @(& $words[0] __complete @rest 2>$null)
    $lines | Select-Object -SkipLast 1 | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
    }
}
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH, "powershell": POWERSHELL}


@click.command(
    "completion",
    cls=CobraCommand,
    use="bash|zsh|fish|powershell",
    examples="""
  # Complete in this bash
  source <(kubectl-argo-rollouts completion bash)

  # Complete in every fish
  kubectl-argo-rollouts completion fish > ~/.config/fish/completions/kubectl-argo-rollouts.fish

  # Complete behind `kubectl argo rollouts`: kubectl asks the program kubectl_complete-argo-rollouts, if it is on PATH
  kubectl argo rollouts get rollout <TAB>
""",
)
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete our commands, flags and the names of the cluster's objects."""
    program = ctx.find_root().command_path.replace(" ", "-")
    text = SCRIPTS[shell].replace("FUNCTION", program.replace("-", "_")).replace("PROGRAM", program)
    click.echo(text, nl=False)
