#pragma once

namespace nanodit {

/// Lets compute threads sleep while they wait for each other, instead of spinning; to be called first in main. A thread
/// that spins keeps the one it waits for from the core when other programs want the cores, too: on two busy ones the
/// demo's training went from 0.1 to 4 steps a second; on idle ones no difference was seen. OpenMP reads OMP_WAIT_POLICY
/// when it is loaded, before main, so this starts the program again in its place, with the variable set. A setting of
/// the user's stays.
void letWaitingThreadsSleep(char** arguments);

} // namespace nanodit
