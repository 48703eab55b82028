# Takes docs/guide.md apart, for its tests: awk -v out=FOLDER -f page.awk docs/guide.md
#
#   FOLDER/page_test.cpp  a TEST for each section: its blocks of C++ in their order, and what they print compared with
#                         the blocks of text behind them
#   FOLDER/shell/         the blocks that are whole files, and run.sh with the blocks of shell that build and run these

function fail(what) {
  print FILENAME ":" first ": " what > "/dev/stderr"
  failed = 1
  exit 1
}

function end_section(  name) {
  if (statements != "") {
    name = section
    gsub(/[^A-Za-z0-9]+/, " ", name)
    sub(/ $/, "", name)
    gsub(/ /, "_", name)
    ++sections
    text = text "\nnamespace section" sections " {\n" declarations "\n" \
        "TEST(GuidePage, " name ") {\n  OnPage on_page;\n" statements "}\n}\n"
  }
  declarations = statements = kind = ""
}

function take(  last, at) {
  at = "#line " first " \"" FILENAME "\"\n"
  if (match(block, /^(\/\/|#) [A-Za-z_]+\.(cpp|txt)\n/)) {
    split(block, words, /[ \n]/)
    printf "%s", block > (out "/shell/" words[2])
  } else if (kind == "sh") {
    shell = shell "\necho 'line " first "'\n(\n" block ") > printed\n"
    ++shells
  } else if (kind == "text" && before == "sh") {
    shell = shell "cat > expected << 'END'\n" block "END\ndiff expected printed\n"
  } else if (kind == "text" && before == "cpp") {
    statements = statements "  on_page.expect_printed(R\"text(" block ")text\", " first ");\n"
    ++texts
  } else if (kind != "cpp") {
    fail("no test runs this block")
  } else if (block ~ /^#include/) {
    includes = includes at block
  } else if (block ~ /^(template|class|struct)/) {
    declarations = declarations at block
  } else {
    statements = statements at block
  }
  before = kind
}

/^## / { end_section(); section = substr($0, 4) }
/^```/ && !is_inside { kind = substr($0, 4); block = ""; first = FNR + 1; is_inside = 1; next }
/^```/ { is_inside = 0; take(); next }
is_inside { block = block $0 "\n" }

END {
  if (failed) exit 1
  if (is_inside) fail("this block does not end")
  end_section()
  if (sections < 8 || texts < 15 || shells < 3) fail("the page has lost blocks: " sections " sections, " texts " texts")
  print includes "#include \"guide/on_page.hpp\"\n" text > (out "/page_test.cpp")
  print "set -eu\n" shell > (out "/shell/run.sh")
}
