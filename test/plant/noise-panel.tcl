# A panel that costs the most: the whole display in other noise, as often as it can be drawn. `drawn` is written once it stands.
fconfigure stdout -buffering line
wm overrideredirect . 1
set width [winfo screenwidth .]
set height [winfo screenheight .]
wm geometry . ${width}x$height+0+0
image create photo noise -width $width -height $height
label .picture -image noise -borderwidth 0
pack .picture
set source [open /dev/urandom rb]
proc draw {} {
    global source width height
    noise put "P6\n$width $height\n255\n[read $source [expr {$width * $height * 3}]]"
    after 20 draw
}
draw
update
puts drawn
