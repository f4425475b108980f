# The operator panel of the press, as it stands beside the machine: `wish press-panel.tcl PORT`, over the whole display. Reads and writes the press's
# registers (press.ts) by Modbus TCP on this machine; `drawn` is written once it stands, and a line for each thing that the operator did.
fconfigure stdout -buffering line
set port [lindex $argv 0]
set link ""
set transaction 0

# A request of Modbus TCP and its answer after the function code; an error closes the link, and the next round makes a new one.
proc ask {function body} {
    global link port transaction
    if {$link eq ""} {
        set link [socket 127.0.0.1 $port]
        fconfigure $link -translation binary -buffering none
    }
    set transaction [expr {($transaction + 1) & 0xffff}]
    puts -nonewline $link [binary format SSScc $transaction 0 [expr {2 + [string length $body]}] 1 $function]$body
    binary scan [read $link 8] SuSuSucucu answered zero length unit function
    if {$answered != $transaction || $function >= 0x80} {error "the press answered with function $function"}
    return [read $link [expr {$length - 2}]]
}

proc attempt {script} {
    global link
    if {[catch {uplevel 1 $script} problem]} {
        catch {close $link}
        set link ""
        .note configure -text "No connection to the press" -background #7a5a00
        return 0
    }
    return 1
}

proc writeRegister {address value} {ask 6 [binary format SS $address $value]}
proc writeCoil {address on} {ask 5 [binary format SS $address [expr {$on ? 0xff00 : 0}]]}

proc change {tenths} {
    global setpoint
    set wanted [expr {$setpoint + $tenths}]
    if {$wanted < 0 || $wanted > 1200} return
    attempt {
        writeRegister 1 $wanted
        puts "setpoint $wanted"
        refresh
    }
}
proc run {on} {attempt {writeCoil 0 $on; puts "run $on"; refresh}}
proc acknowledge {} {attempt {writeCoil 1 0; puts "alarm 0"; refresh}}

proc refresh {} {
    global setpoint
    binary scan [ask 3 [binary format SS 0 4]] cuSuSuSuSu bytes temperature setpoint pressure strokes
    binary scan [ask 1 [binary format SS 0 2]] cucu bytes coils
    .grid.temperature.value configure -text [format "%.1f °C" [expr {$temperature / 10.0}]]
    .grid.setpoint.value configure -text [format "%.1f °C" [expr {$setpoint / 10.0}]]
    .grid.pressure.value configure -text [format "%.1f bar" [expr {$pressure / 10.0}]]
    .grid.strokes.value configure -text $strokes
    drawGauge [expr {$temperature / 10.0}] [expr {$setpoint / 10.0}]
    set runs [expr {$coils & 1}]
    .grid.run.lamp itemconfigure lamp -fill [expr {$runs ? "#35c759" : "#4a4f55"}]
    .grid.run.state configure -text [expr {$runs ? "RUNNING" : "STOPPED"}]
    if {$coils & 2} {
        .note configure -text "ALARM  Temperature too high, press stopped" -background #b3261e
    } else {
        .note configure -text "Press 7   ready" -background #2f4a38
    }
}

proc drawGauge {celsius wanted} {
    set end [expr {-264.0 * min(max($celsius, 0), 120) / 120}]
    .grid.temperature.gauge itemconfigure value -extent $end -outline [expr {$celsius > 85 ? "#ff5a3c" : "#ffb340"}]
    .grid.temperature.gauge itemconfigure wanted -start [expr {222 - 264.0 * min(max($wanted, 0), 120) / 120 - 1}]
}

proc tick {} {
    .head.clock configure -text [clock format [clock seconds] -format "%H:%M:%S"]
    attempt refresh
    after 500 tick
}

proc tile {name title row column} {
    frame .grid.$name -background #3a4046 -highlightthickness 1 -highlightbackground #596068
    label .grid.$name.title -text $title -font {Helvetica -15} -background #3a4046 -foreground #a9b4bd -anchor w
    pack .grid.$name.title -fill x -padx 12 -pady {8 0}
    grid .grid.$name -row $row -column $column -sticky nsew -padx 5 -pady 5
}
proc value {name} {
    label .grid.$name.value -text "–" -font {Helvetica -34 bold} -background #3a4046 -foreground #f2f4f5 -anchor w
    pack .grid.$name.value -fill x -padx 12
}
proc key {path text command colour} {
    button $path -text $text -command $command -font {Helvetica -24 bold} -background $colour -foreground white -activebackground #8894a0 -activeforeground white \
        -borderwidth 3 -relief raised -highlightthickness 0 -padx 10 -pady 6 -takefocus 0
}

wm overrideredirect . 1
wm geometry . [winfo screenwidth .]x[winfo screenheight .]+0+0
. configure -background #2b2f33
frame .head -background #1d2023
label .head.name -text "HYDRAULIC PRESS 7" -font {Helvetica -22 bold} -background #1d2023 -foreground #e8eaec
label .head.clock -font {Helvetica -22} -background #1d2023 -foreground #e8eaec
pack .head.name -side left -padx 16 -pady 8
pack .head.clock -side right -padx 16
pack .head -fill x
label .note -font {Helvetica -18 bold} -foreground white -anchor w -padx 16 -pady 8
pack .note -fill x
frame .grid -background #2b2f33
pack .grid -fill both -expand 1 -padx 8 -pady 8
grid columnconfigure .grid {0 1 2} -weight 1 -uniform column
grid rowconfigure .grid {0 1} -weight 1 -uniform row

tile temperature "TEMPERATURE" 0 0
grid configure .grid.temperature -rowspan 2
canvas .grid.temperature.gauge -width 220 -height 210 -background #3a4046 -highlightthickness 0
.grid.temperature.gauge create arc 20 20 200 200 -start 222 -extent -264 -style arc -width 22 -outline #22262a
.grid.temperature.gauge create arc 20 20 200 200 -start 222 -extent -1 -style arc -width 22 -outline #ffb340 -tags value
.grid.temperature.gauge create arc 20 20 200 200 -start 222 -extent 2 -style arc -width 30 -outline white -tags wanted
pack .grid.temperature.gauge -pady 16
value temperature
.grid.temperature.value configure -anchor center

tile setpoint "SETPOINT" 0 1
value setpoint
frame .grid.setpoint.keys -background #3a4046
key .grid.setpoint.keys.less "–" {change -5} #5a636b
key .grid.setpoint.keys.more "+" {change 5} #5a636b
pack .grid.setpoint.keys.less .grid.setpoint.keys.more -side left -expand 1 -fill both -padx 6
pack .grid.setpoint.keys -fill both -expand 1 -padx 6 -pady 12
tile pressure "PRESSURE" 0 2
value pressure
tile strokes "STROKES" 1 2
value strokes
tile run "PRESS" 1 1
frame .grid.run.shown -background #3a4046
canvas .grid.run.lamp -width 40 -height 40 -background #3a4046 -highlightthickness 0
.grid.run.lamp create oval 4 4 36 36 -fill #4a4f55 -outline #22262a -width 3 -tags lamp
label .grid.run.state -font {Helvetica -24 bold} -background #3a4046 -foreground #f2f4f5
pack .grid.run.lamp .grid.run.state -in .grid.run.shown -side left -padx 6
pack .grid.run.shown -fill x -padx 6
raise .grid.run.lamp; raise .grid.run.state
frame .grid.run.keys -background #3a4046
key .grid.run.keys.start "START" {run 1} #2e7d46
key .grid.run.keys.stop "STOP" {run 0} #a5342c
pack .grid.run.keys.start .grid.run.keys.stop -side left -expand 1 -fill both -padx 6
pack .grid.run.keys -fill both -expand 1 -padx 6 -pady 12
bind .note <Button-1> acknowledge

# A display that changes its size (a viewer's window, a remote desktop) keeps being filled.
bind . <Configure> {if {"%W" eq "."} {after idle fill}}
proc fill {} {
    set size [winfo screenwidth .]x[winfo screenheight .]
    if {[string first $size [wm geometry .]] != 0} {wm geometry . $size+0+0}
}
set setpoint 0
tick
update
puts drawn
