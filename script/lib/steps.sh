# shellcheck shell=bash
# Numbered steps with their times, a bounded log, and failures that say cause and cure. Needs tools.sh.

steps_total=0 steps_done=0 step_title='' step_begin=0
steps_log=/dev/null
LOG_BYTES=1000000

# steps_start COUNT LOG: the file LOG holds what the commands of this run print, its last megabyte.
steps_start() {
  steps_total=$1 steps_log=$2
  mkdir -p "$(dirname "$steps_log")"
  (umask 077 && printf '%s  %s\n' "$(date -Is)" "$0" >"$steps_log")
  trap 'steps_interrupted 130' INT
  trap 'steps_interrupted 143' TERM HUP
}

now_ms() { date +%s%3N; }

# step TITLE: begins the next step; what follows it is part of it.
step() {
  step_end
  steps_done=$((steps_done + 1)) step_title=$1 step_begin=$(now_ms)
  printf '[%d/%d] %s\n' "$steps_done" "$steps_total" "$step_title"
  printf '\n== %s\n' "$step_title" >>"$steps_log"
}

# Ends the step that is under way, with its time.
step_end() {
  [ -n "$step_title" ] || return 0
  local took=$(($(now_ms) - step_begin))
  printf '      %d.%d s\n' $((took / 1000)) $((took % 1000 / 100))
  step_title=''
  bound_log
}

# note TEXT: a line of the step that is under way.
note() {
  printf '      %s\n' "$*"
  printf '%s\n' "$*" >>"$steps_log"
}

bound_log() {
  [ -f "$steps_log" ] && [ "$(stat --format %s "$steps_log")" -gt $LOG_BYTES ] || return 0
  tail -c $LOG_BYTES "$steps_log" >"$steps_log.new"
  mv "$steps_log.new" "$steps_log"
}

# logged COMMAND...: runs it with its output in the log. On a terminal a moving line shows that it works.
logged() {
  local status=0
  if [ -t 1 ]; then
    ("$@") >>"$steps_log" 2>&1 9>&- &
    local pid=$! begin=$SECONDS
    while kill -0 $pid 2>/dev/null; do
      sleep 0.2
      if [ $((SECONDS - begin)) -ge 2 ]; then
        printf '\r      %4d s  %-60.60s' $((SECONDS - begin)) "$(tail -c 400 "$steps_log" | tr '\r\t' '\n ' | tail -1)"
      fi
    done
    [ $((SECONDS - begin)) -lt 2 ] || printf '\r%72s\r' ''
    wait $pid || status=$?
  else
    # A shell of its own: a `fail` in a function ends that, not the run.
    ("$@") >>"$steps_log" 2>&1 9>&- || status=$?
  fi
  bound_log
  return $status
}

# stop_here CAUSE CURE: ends the run. The end of the log belongs to it where commands have said something.
stop_here() {
  local cause=$1 cure=${2-}
  step_title=''
  bound_log
  {
    printf '\nFailed at step %d of %d.\n' "$steps_done" "$steps_total"
    printf '  why:  %s\n' "$cause"
    [ -z "$cure" ] || printf '  cure: %s\n' "$cure"
    if [ -f "$steps_log" ]; then
      printf '  log:  %s\n' "$steps_log"
      # The end of what this step has said.
      awk '/^== /{said = ""; next} {said = said $0 "\n"} END {printf "%s", said}' "$steps_log" |
        tail -n 15 | cut -c1-300 | sed 's/^/          /'
    fi
    printf '\nRun the same command again: it goes on from here.\n'
  } >&2
  exit 1
}

steps_interrupted() {
  printf '\nInterrupted in step %d of %d. Nothing is lost: run the same command again, and it goes on from here.\n' \
    "$steps_done" "$steps_total" >&2
  # What this run has started in the background ends with it; the cloud has a session of its own.
  local job
  for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done
  exit "$1"
}
