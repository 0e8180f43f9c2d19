#include "core/train/launcher.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <cstdint>
#include <map>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using namespace nanodit;

namespace {

using Variables = std::map<std::string, std::string>;

std::string deviceOf(const std::string& wanted, std::int64_t gpus, const Variables& variables)
{
    return deviceOfRank(wanted, gpus, [&variables](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

/// Whether this process may listen at a port; `shared` as the store of LibTorch asks for it.
bool mayListenAt(int port, bool shared)
{
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = shared ? 1 : 0;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool listens =
        ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(descriptor, 1) == 0;
    ::close(descriptor);
    return listens;
}

} // namespace

class TestLauncher : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyRankOfAMachineHasAGpuOfItsOwn()
    {
        for (const char* const name : {"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"}) {
            for (std::int64_t rank = 0; rank < 8; ++rank) {
                const Variables variables = {{name, std::to_string(rank)}};
                QCOMPARE(deviceOf("auto", 8, variables), "cuda:" + std::to_string(rank));
                QCOMPARE(deviceOf("cuda", 8, variables), "cuda:" + std::to_string(rank));
            }
        }
        QCOMPARE(deviceOf("auto", 4, {{"LOCAL_RANK", "5"}}), std::string("cuda:1")); // they share
        QCOMPARE(deviceOf("auto", 1, {{"LOCAL_RANK", "3"}}), std::string("cuda:0")); // the one that its job was given
    }

    void whatIsNamedStays()
    {
        const Variables variables = {{"LOCAL_RANK", "2"}};
        QCOMPARE(deviceOf("cpu", 8, variables), std::string("cpu"));
        QCOMPARE(deviceOf("cuda:1", 8, variables), std::string("cuda:1"));
        QCOMPARE(deviceOf("auto", 0, variables), std::string("auto")); // no GPU
        QCOMPARE(deviceOf("auto", 8, {}), std::string("auto"));        // no launcher
    }

    void ranksThatShareADeviceAreCounted()
    {
        QCOMPARE(ranksSharingDevice("cpu", 4, 0), 4);
        QCOMPARE(ranksSharingDevice("auto", 4, 0), 4); // the CPU
        QCOMPARE(ranksSharingDevice("auto", 8, 8), 1);
        QCOMPARE(ranksSharingDevice("cuda", 2, 8), 1);
        QCOMPARE(ranksSharingDevice("auto", 5, 2), 3); // 0, 2 and 4
        QCOMPARE(ranksSharingDevice("cuda:1", 4, 8), 4);
    }

    void theFirstRankOfAMachineCountsForAll()
    {
        const auto ranksOf = [](const Variables& variables) {
            return ranksOfMachine([&variables](const char* name) -> const char* {
                const auto found = variables.find(name);
                return found == variables.end() ? nullptr : found->second.c_str();
            });
        };
        QCOMPARE(ranksOf({}), 1);
        QCOMPARE(ranksOf({{"LOCAL_RANK", "0"}, {"LOCAL_WORLD_SIZE", "4"}}), 4);
        QCOMPARE(ranksOf({{"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "4"}}), 1);
        QCOMPARE(ranksOf({{"OMPI_COMM_WORLD_LOCAL_RANK", "0"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}), 2);
        QCOMPARE(ranksOf({{"SLURM_LOCALID", "0"}, {"SLURM_NTASKS_PER_NODE", "8"}}), 8);
        QCOMPARE(ranksOf({{"SLURM_LOCALID", "0"}}), 1); // it need not say so
        QCOMPARE(ranksOf({{"LOCAL_RANK", "0"}, {"LOCAL_WORLD_SIZE", "none"}}), 1);
    }

    void aReservedPortIsLeftToWhoNamesIt()
    {
        const ReservedPort one, other;
        QVERIFY(one.number() > 0 && one.number() != other.number());
        QVERIFY(!mayListenAt(one.number(), false));
        QVERIFY(mayListenAt(one.number(), true));
    }

    void aNumberThatIsNoneIsNamed()
    {
        for (const char* const text : {"", "two", "-1", "1x"}) {
            const auto message = test::errorOf([&] { deviceOf("auto", 8, {{"SLURM_LOCALID", text}}); });
            QVERIFY2(test::contains(message, "SLURM_LOCALID is \"" + std::string(text) + "\""), message.c_str());
        }
    }
};

QTEST_APPLESS_MAIN(TestLauncher)
#include "tst_launcher.moc"
