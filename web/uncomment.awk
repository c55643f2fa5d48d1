# Blanks the lines that are nothing but comment, of modules and style sheets: a fifth of what a browser would fetch.
# Lines stay where they are, so an error's place is that of the source. tests/web/served.test.mjs compares.
inside { inside = !/\*\/[[:space:]]*$/; print ""; next }
/^[[:space:]]*\/\// { print ""; next }
/^[[:space:]]*\/\*/ && /\*\/[[:space:]]*$/ { print ""; next }
/^[[:space:]]*\/\*/ && !/\*\// { inside = 1; print ""; next }
{ print }
