#pragma once

namespace nanodit {

/// While one lives, memory that this process frees stays with it for what it takes next, instead of going back to the
/// system, which would hand it out again page by page, each filled with zeros. For work that again and again frees all
/// that it took and takes as much: a training's steps. When the last one goes, what is free then goes back. Of the
/// process, not of a thread; any thread. Does nothing where the C library is not glibc.
class KeptMemory {
public:
    KeptMemory();
    ~KeptMemory();
    KeptMemory(const KeptMemory&) = delete;
    KeptMemory& operator=(const KeptMemory&) = delete;
};

/// Gives back what is free now, kept or not: after work between steps that is rare and takes other memory than they do,
/// as a validation.
void giveBackFreeMemory();

} // namespace nanodit
