"""One host's libtorrent:

libtorrent-host.py make  TORRENT FOLDER PIECE-LENGTH
libtorrent-host.py seed  TORRENT PARENT SLOTS plain|super           says `seeding`; on SIGTERM `sent BYTES`
libtorrent-host.py leech TORRENT PARENT SLOTS GATE DELAY PEER...    says `waiting` at the gate, and `whole` in the end

PARENT is the folder in which the torrent's folder lies. GATE is a pipe whose end is the start, or empty for none; DELAY is
in seconds behind it.
"""

import os
import signal
import sys
import time

import libtorrent as lt

PORT = 7000


def make(torrent, folder, piece_length):
    files = lt.file_storage()
    lt.add_files(files, folder)
    maker = lt.create_torrent(files, piece_size=int(piece_length), flags=lt.create_torrent.v1_only)
    lt.set_piece_hashes(maker, os.path.dirname(folder))
    with open(torrent, "wb") as file:
        file.write(lt.bencode(maker.generate()))


def session(slots):
    return lt.session(
        {
            "listen_interfaces": f"0.0.0.0:{PORT}",
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "enable_outgoing_utp": False,
            "enable_incoming_utp": False,
            "in_enc_policy": 2,
            "out_enc_policy": 2,
            "unchoke_slots_limit": int(slots),
            "request_queue_time": 3,
            "connection_speed": 200,
        }
    )


def say(text):
    print(text, flush=True)


def seed(torrent, parent, slots, seeding):
    flags = lt.torrent_flags.seed_mode
    if seeding == "super":
        flags |= lt.torrent_flags.super_seeding
    own = session(slots)
    handle = own.add_torrent({"ti": lt.torrent_info(torrent), "save_path": parent, "flags": flags})

    def tell(*_):
        say(f"sent {handle.status().total_payload_upload}")
        sys.exit()

    signal.signal(signal.SIGTERM, tell)
    say("seeding")
    while True:
        time.sleep(3600)


def leech(torrent, parent, slots, gate, delay, *peers):
    own = session(slots)
    handle = own.add_torrent({"ti": lt.torrent_info(torrent), "save_path": parent})
    if gate != "":
        with open(gate) as pipe:
            say("waiting")
            pipe.read()
    time.sleep(float(delay))
    for peer in peers:
        handle.connect_peer((peer, PORT))
    while not handle.status().is_seeding:
        time.sleep(0.02)
    say("whole")
    while True:
        time.sleep(3600)


role, *arguments = sys.argv[1:]
{"make": make, "seed": seed, "leech": leech}[role](*arguments)
