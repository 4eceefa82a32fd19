"""What a cluster looks like while it goes on: events in, one picture of everything out.

In reading order: `picture` (what there is to see), `kept` (what disks have), `nodes` (who is up and
who is in trouble), `working` (who is busy with what), `flight` and `flights` (what is in flight),
`watching` (the listener that puts it together), `rates` (a server's requests).  Nothing here waits,
draws or knows of a screen.
"""
