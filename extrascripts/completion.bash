# Completion by the Tab key for `python pipe/...`: options, and the images of --only.
#
#   pip install argcomplete
#   source extrascripts/completion.bash        # in ~/.bashrc with its whole path
#
# In zsh first: autoload -U bashcompinit && bashcompinit
_cosmouline() {
    local IFS=$'\013'
    COMPREPLY=()
    [ "$COMP_CWORD" -gt 1 ] || return
    case "${COMP_WORDS[1]}" in
        *pipe/*.py | *lcmanip/*.py | *extrascripts/*.py | *skymaker/*.py) ;;
        *) return ;;
    esac
    # The script answers on channel 8 (argcomplete), with the command line from its own name on
    COMPREPLY=($(COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" COMP_TYPE="$COMP_TYPE" \
        _ARGCOMPLETE_COMP_WORDBREAKS="$COMP_WORDBREAKS" _ARGCOMPLETE=2 _ARGCOMPLETE_SHELL=bash \
        "${COMP_WORDS[0]}" "${COMP_WORDS[1]}" 8>&1 9>/dev/null >/dev/null 2>&1 </dev/null))
}
complete -o nospace -o default -o bashdefault -F _cosmouline python python3
