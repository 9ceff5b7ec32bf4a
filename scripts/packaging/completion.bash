# Completion of replete-server's options: those that its --help lists.
_replete_server() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  case $before in
    --config | --check-config | --logfile | --pidfile | --unixsocket)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return ;;
    --dir)
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      return ;;
  esac
  local options
  options=$("${COMP_WORDS[0]}" --help | grep -o -- '^[* ]* --[a-z-]*' | tr -d '* ')
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}
complete -F _replete_server replete-server
