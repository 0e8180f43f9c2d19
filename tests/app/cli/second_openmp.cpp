/// Something to find in a library that is named as Intel's OpenMP runtime is, and does nothing.
extern "C" int nanoditSecondOpenMp()
{
    return 0;
}
