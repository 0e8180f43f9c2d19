#include "core/runtime/error.h"
#include "core/runtime/failure.h"

#include <QTest>

#include <filesystem>
#include <map>
#include <new>
#include <stdexcept>

using namespace nanodit;

class FailureTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void ourOwnSentencesAreLeftAlone()
    {
        const auto failure = failureOf(DataError("a.npy is cut off: make it again"));
        QCOMPARE(failure.message, std::string("a.npy is cut off: make it again"));
        QVERIFY(failure.detail.empty());
        QCOMPARE(sentenceOf(StoreError("the disk is full")), std::string("the disk is full"));
    }

    void anEmptyNameIsCalledOne()
    {
        try {
            static_cast<void>(std::filesystem::absolute(std::filesystem::path()));
            QFAIL("an empty path became a whole one");
        } catch (const std::filesystem::filesystem_error& error) {
            QCOMPARE(failureOf(error).message,
                     std::string("a name of a file or folder is empty: give one that is not"));
            QVERIFY(failureOf(error).detail.empty());
        }
    }

    void aFileThatCannotBeUsedIsNamed()
    {
        const std::filesystem::filesystem_error error("cannot copy", "a/b.npy", "c/d.npy",
                                                      std::make_error_code(std::errc::permission_denied));
        const auto failure = failureOf(error);
        QVERIFY(failure.message.starts_with("a/b.npy or c/d.npy could not be used"));
        QVERIFY(failure.message.find("filesystem error") == std::string::npos);
        QCOMPARE(failure.detail, std::string("Permission denied"));
    }

    void whatALibrarySaysIsOnlyTheDetail()
    {
        try {
            std::map<std::string, int>().at("one");
            QFAIL("a name that is not there was found");
        } catch (const std::exception& error) {
            const auto failure = failureOf(error);
            QVERIFY(failure.message.find("map::at") == std::string::npos);
            QVERIFY(failure.message.find("bug") != std::string::npos);
            QCOMPARE(failure.detail, std::string("map::at"));
            QCOMPARE(sentenceOf(error), failure.message + " (map::at)");
        }
    }

    void stackTracesAreLeftOut()
    {
        const auto failure = failureOf(std::runtime_error(
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)\nException raised from addmm_impl at "
            "/build/Blas.cpp:1 (most recent call first):\nframe #0: c10::Error::Error() + 0x6b"));
        QCOMPARE(failure.detail, std::string("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"));
        const auto memory = failureOf(std::runtime_error(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes. Error code 12\nframe #0: "
            "<unknown function> + 0x4c062 (0x7fc42179b062 in /lib/libc10.so.1.13)\nframe #1: c10::alloc_cpu"));
        QVERIFY2(memory.detail.ends_with("Error code 12"), memory.detail.c_str());
    }

    void memoryAndDevicesHaveSentencesOfTheirOwn()
    {
        QVERIFY(failureOf(std::bad_alloc()).message.find("memory") != std::string::npos);
        QVERIFY(failureOf(std::bad_alloc()).detail.empty());
        const auto memory = failureOf(std::runtime_error("CUDA out of memory. Tried to allocate 2 GiB"));
        QVERIFY(memory.message.starts_with("the device did not have enough memory"));
        const auto device = failureOf(std::runtime_error("CUDA error: an illegal memory access was encountered"));
        QVERIFY(device.message.starts_with("the GPU reported an error"));
    }
};

QTEST_APPLESS_MAIN(FailureTest)
#include "tst_failure.moc"
