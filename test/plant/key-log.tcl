# A device's screen for keys alone: a line for each key that goes down or comes up (its place on X's keyboard), and for each sign that is typed.
fconfigure stdout -buffering line -encoding utf-8
wm withdraw .
toplevel .screen -background #203040
wm overrideredirect .screen 1
wm geometry .screen [winfo screenwidth .]x[winfo screenheight .]+0+0
proc down {place character} {
    puts "down $place"
    if {$character ne "" && [string is print $character]} {puts "sign $character"}
}
bind .screen <KeyPress> {down %k %A}
bind .screen <KeyRelease> {puts "up %k"}
bind .screen <KeyPress-Return> {puts return}
update
focus -force .screen
update
puts drawn
