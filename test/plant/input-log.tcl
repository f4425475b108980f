# A device's screen for proofs: colours, lines and a text field; writes one line for each key and button that reaches it. Keys are shown, too,
# so that what was typed is seen in the picture. `drawn` is written once it stands on the screen.
fconfigure stdout -buffering line -encoding utf-8
wm withdraw .
toplevel .screen -background #203040
wm overrideredirect .screen 1
wm geometry .screen [winfo screenwidth .]x[winfo screenheight .]+0+0
canvas .screen.c -background #203040 -highlightthickness 0
pack .screen.c -fill both -expand 1
for {set i 0} {$i < 64} {incr i} {
    set colour [format #%02x%02x%02x [expr {$i * 4}] [expr {255 - $i * 4}] [expr {($i * 37) % 256}]]
    .screen.c create rectangle [expr {20 + $i * 8}] 20 [expr {28 + $i * 8}] 90 -fill $colour -outline ""
    .screen.c create line 20 [expr {100 + $i * 2}] [expr {20 + $i * 8}] 230 -fill $colour
}
.screen.c create text 20 260 -anchor w -fill white -font {Helvetica 16} -text "Press 7  proof of input"
set typed [.screen.c create text 20 300 -anchor w -fill #ffd060 -font {Courier 18} -text ""]
set shown ""

proc key {symbol character} {
    global shown typed
    puts "key $symbol"
    if {$symbol eq "BackSpace"} {
        set shown [string range $shown 0 end-1]
    } elseif {$character ne "" && [string is print $character]} {
        append shown $character
    }
    .screen.c itemconfigure $typed -text [string range $shown end-39 end]
}
bind .screen <KeyPress> {key %K %A}
bind .screen <ButtonPress> {puts "press %b %X %Y"}
bind .screen <ButtonRelease> {puts "release %b %X %Y"}
bind .screen <Double-ButtonPress-1> {puts "press %b %X %Y"}
# X gives wheel turns to Tk as buttons 4 and 5, bound above.
update
focus -force .screen
bind .screen <Motion> {puts "move %X %Y"}
update
puts drawn
