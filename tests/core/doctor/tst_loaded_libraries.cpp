#include "core/runtime/loaded_libraries.h"
#include "tests/support/test_data.h"

#include <QTest>

using namespace nanodit;
using Files = std::vector<std::filesystem::path>;

class LoadedLibrariesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachRuntimeIsNamedOnce()
    {
        const test::TemporaryFolder folder;
        test::writeText(folder / "maps",
                        "55d0-55d1 r--p 00000000 08:01 11 /usr/bin/nanodit\n"
                        "7f00-7f01 r--p 00000000 08:01 12 /usr/lib/libgomp.so.1.0.0\n"
                        "7f01-7f02 r-xp 00001000 08:01 12 /usr/lib/libgomp.so.1.0.0\n"
                        "7f03-7f04 r-xp 00000000 08:01 13 /opt/my wheel/torch/lib/libgomp-a34b3233.so.1\n"
                        "7f05-7f06 r-xp 00000000 08:01 14 /opt/intel/libiomp5.so\n"
                        "7f07-7f08 r-xp 00000000 08:01 15 /usr/lib/llvm/libomp.so.5\n"
                        "7f09-7f0a r-xp 00000000 08:01 16 /usr/lib/libompitrace.so.40\n"
                        "7f0b-7f0c r-xp 00000000 08:01 17 /opt/my wheel/torch/lib/libtorch_cpu.so\n"
                        "7f0d-7f0e r-xp 00000000 08:01 18 /opt/my wheel/torch/lib/libc10.so\n"
                        "7f0f-7f10 r-xp 00000000 08:01 19 /opt/my wheel/torch/lib/libc10_cuda.so\n"
                        "7ffd-7ffe rw-p 00000000 00:00 0 [stack]\n");
        const auto loaded = loadedLibraries(folder / "maps");
        QCOMPARE(loaded.openMp, (Files{"/usr/lib/libgomp.so.1.0.0", "/opt/my wheel/torch/lib/libgomp-a34b3233.so.1",
                                       "/opt/intel/libiomp5.so", "/usr/lib/llvm/libomp.so.5"}));
        QCOMPARE(loaded.torch, Files{"/opt/my wheel/torch/lib/libtorch_cpu.so"});
        QCOMPARE(loaded.c10, Files{"/opt/my wheel/torch/lib/libc10.so"});
    }

    void thisProcessHasNoLibTorch()
    {
        const auto loaded = loadedLibraries();
        QVERIFY(loaded.torch.empty());
        QVERIFY(loaded.openMp.size() <= 1);
    }
};

QTEST_APPLESS_MAIN(LoadedLibrariesTest)
#include "tst_loaded_libraries.moc"
