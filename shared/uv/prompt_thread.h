// A thread that waits for events wants to run the moment one comes, and then for a short while.
//
// Why: on a machine whose cores are all taken (a replica that loads, a pool thread that writes a
// snapshot), a thread that wakes up waits until the running one has had its slice, some 3 to 4 ms:
// ten times what an answer takes. Linux from 6.12 on lets a thread ask for shorter slices, and one
// that does so goes before those with longer ones when it wakes. It gets no more of the processor.
#pragma once

namespace quorate::uv {

// For the calling thread alone: its threads and processes to come have the usual slices. Where the
// kernel knows nothing of it (or forbids it), nothing happens.
void AskForShortSlices();

}  // namespace quorate::uv
