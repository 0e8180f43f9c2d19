#include "core/runtime/compute.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/device_copy.h"
#include "core/runtime/tf32.h"
#include "tests/support/far_device.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QTest>

using namespace nanodit;

namespace {

/// A machine with so many GPUs that can be used.
GpuFindings healthy(std::int64_t gpus)
{
    GpuFindings found{.inLibTorch = true, .torchCuda = 13000, .driver = true, .driverCuda = 13010, .byDriver = {}};
    for (std::int64_t i = 0; i < gpus; ++i)
        found.byDriver.push_back({.name = "cuda:" + std::to_string(i),
                                  .title = "NVIDIA H100 80GB HBM3",
                                  .memoryBytes = std::int64_t{80} << 30,
                                  .capability = "9.0"});
    found.usable = gpus;
    return found;
}

GpuFindings with(GpuFindings found, void (*change)(GpuFindings&))
{
    change(found);
    return found;
}

} // namespace

Q_DECLARE_METATYPE(nanodit::GpuFindings)

class ComputeTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theLoadedBlasIsFastAndSharesOpenMp()
    {
        at::mm(at::ones({64, 64}), at::ones({64, 64}));
        const auto info = computeInfo();
        QVERIFY2(info.warning.empty(), info.warning.c_str());
        QVERIFY2(info.description.find("LibTorch") == 0, info.description.c_str());
    }

    void threadsAreSetAsAsked()
    {
        const auto compute = makeCompute({.device = "cpu", .threads = 1});
        QCOMPARE(at::get_num_threads(), 1);
        QCOMPARE(compute.threads, 1);
        QCOMPARE(compute.text(), std::string("CPU, 1 thread, float32"));
        QVERIFY(computeInfo().description.find("1 thread") != std::string::npos);
    }

    void theChoicesPrecisionGoesBeforeTheRuns()
    {
        const Arithmetic bf16{.precision = Precision::Bf16};
        QVERIFY(makeCompute({.device = "cpu"}).precision == Precision::Float32);
        QVERIFY(makeCompute({.device = "cpu"}, bf16).precision == Precision::Bf16);
        QVERIFY(makeCompute({.device = "cpu", .precision = Precision::Float32}, bf16).precision == Precision::Float32);
    }

    void autoTakesTheFirstGpuThatCanBeUsed()
    {
        QCOMPARE(chosenDevice("auto", healthy(2)), std::string("cuda:0"));
        QCOMPARE(chosenDevice("auto", {}), std::string("cpu"));
        QCOMPARE(chosenDevice("cuda", healthy(1)), std::string("cuda:0"));
        QCOMPARE(chosenDevice("cuda:1", healthy(2)), std::string("cuda:1"));
        QCOMPARE(chosenDevice("cpu", healthy(2)), std::string("cpu"));
        QVERIFY(whyNoGpu(healthy(1)).empty());
        QVERIFY(whyNoGpu({}).empty()); // none is there
        const auto device = makeCompute({}).device;
        QCOMPARE(device.str(), chosenDevice("auto", gpuFindings()));
        QCOMPARE(computeDevices().size() > 1, device.is_cuda());
        QCOMPARE(computeDevices().front().name, std::string("cpu"));
        QVERIFY(computeDevices().front().memoryBytes > 0);
    }

    void onlyGpusThatAreToComputeAreTried()
    {
        std::vector<std::int64_t> tried;
        auto found = healthy(4);
        found.unfit = [&tried](std::int64_t index) {
            tried.push_back(index);
            return std::string(index == 0 ? "out of memory" : "");
        };
        QCOMPARE(chosenDevice("cuda:2", found), std::string("cuda:2"));
        QCOMPARE(tried, (std::vector<std::int64_t>{2}));
        const auto message = test::errorOf([&] { chosenDevice("cuda:0", found); });
        QVERIFY2(message.find("on the GPU cuda:0: out of memory") != std::string::npos, message.c_str());
        tried.clear();
        QCOMPARE(chosenDevice("auto", found), std::string("cuda:1"));
        QCOMPARE(tried, (std::vector<std::int64_t>{0, 1}));
        QVERIFY(whyNoGpu(found).empty());
        tried.clear();
        QVERIFY(!test::errorOf([&] { chosenDevice("cuda:4", found); }).empty());
        QCOMPARE(chosenDevice("cpu", found), std::string("cpu"));
        QVERIFY(tried.empty());
    }

    void memoryOfAGpuIsWhatIsFreeOfIt()
    {
        auto found = healthy(2);
        QCOMPARE(availableMemory({.device = "cuda:1"}, found), std::int64_t{80} << 30); // nobody says
        std::vector<std::int64_t> asked;
        found.freeMemory = [&asked](std::int64_t index) {
            asked.push_back(index);
            return std::int64_t{60} << 30;
        };
        QCOMPARE(availableMemory({.device = "cuda:1"}, found), std::int64_t{60} << 30);
        QCOMPARE(availableMemory({.device = "auto"}, found), std::int64_t{60} << 30);
        QCOMPARE(asked, (std::vector<std::int64_t>{1, 0}));
        QVERIFY(availableMemory({.device = "cpu"}, found) > 0);
        QCOMPARE(asked.size(), std::size_t(2));
        QVERIFY(!test::errorOf([&] { availableMemory({.device = "cuda:2"}, found); }).empty());
    }

    void whatIsNoDeviceIsRefused_data()
    {
        QTest::addColumn<QString>("device");
        for (const auto* const device :
             {"tpu", "", "cuda:abc", "cuda:", "cuda:-1", "cuda:1x", "cuda0", "cuda:1000", "CPU"})
            QTest::newRow(device) << device;
    }
    void whatIsNoDeviceIsRefused()
    {
        QFETCH(QString, device);
        const auto message = test::errorOf([&] { makeCompute({.device = device.toStdString()}); });
        QVERIFY2(message.find("is unknown: use auto, cpu, cuda or cuda:N") != std::string::npos, message.c_str());
    }

    void whatIsMissingIsSaidInOneSentence_data()
    {
        QTest::addColumn<GpuFindings>("found");
        QTest::addColumn<QString>("device");
        QTest::addColumn<QString>("said");
        QTest::newRow("LibTorch without CUDA") << with(healthy(1),
                                                       [](auto& found) {
                                                           found.inLibTorch = false;
                                                           found.usable = 0;
                                                       })
                                               << "cuda"
                                               << "this LibTorch was built without CUDA";
        QTest::newRow("no driver") << with(healthy(0), [](auto& found) { found.driver = false; }) << "cuda"
                                   << "driver is not installed";
        QTest::newRow("no GPU") << healthy(0) << "cuda:0"
                                << "finds no GPU";
        QTest::newRow("old driver") << with(healthy(1),
                                            [](auto& found) {
                                                found.driverCuda = 12020;
                                                found.usable = 0;
                                            })
                                    << "cuda"
                                    << "made for CUDA 12.2, and this LibTorch for CUDA 13.0";
        QTest::newRow("not usable") << with(healthy(1), [](auto& found) { found.usable = 0; }) << "cuda"
                                    << "though the driver lists NVIDIA H100";
        QTest::newRow("too old") << with(healthy(1),
                                         [](auto& found) {
                                             found.unfit = [](std::int64_t) {
                                                 return std::string("no kernel image is available");
                                             };
                                         })
                                 << "cuda"
                                 << "cuda:0: no kernel image is available";
        QTest::newRow("ninth of one") << healthy(1) << "cuda:9"
                                      << "one GPU, cuda:0";
        QTest::newRow("ninth of three") << healthy(3) << "cuda:9"
                                        << "3 GPUs, cuda:0 to cuda:2";
    }
    void whatIsMissingIsSaidInOneSentence()
    {
        QFETCH(GpuFindings, found);
        QFETCH(QString, device);
        QFETCH(QString, said);
        const auto message = test::errorOf([&] { chosenDevice(device.toStdString(), found); });
        QVERIFY2(message.find("the device \"" + device.toStdString() + "\" was requested") == 0, message.c_str());
        QVERIFY2(message.find(said.toStdString()) != std::string::npos, message.c_str());
        QVERIFY2(message.find("\n") == std::string::npos, message.c_str());
        if (!device.endsWith("9")) { // nothing can be used: auto takes the CPU, and says why where a GPU is there
            QCOMPARE(chosenDevice("auto", found), std::string("cpu"));
            QCOMPARE(whyNoGpu(found).empty(), found.byDriver.empty());
        }
    }

    void aNegativeNumberOfThreadsIsRefused()
    {
        QVERIFY(test::errorOf([] { makeCompute({.device = "cpu", .threads = -1}); }).find("number of threads") !=
                std::string::npos);
    }

    void whoeverTrainsKeepsTensorFloat32AsItIs()
    {
        const at::Device gpu(at::kCUDA, 0); // the setting can be made without one
        const auto allowed = [] {
            const auto& torch = at::globalContext();
            return torch.allowTF32CuBLAS() && torch.allowTF32CuDNN();
        };
        {
            const Tf32Hold training(gpu, false);
            wishTf32(gpu, true); // a checkpoint is opened beside it
            QVERIFY(!allowed());
            {
                const Tf32Hold another(gpu, false);
            }
            wishTf32(gpu, true);
            QVERIFY(!allowed());
            const auto refused = test::errorOf([&gpu] { Tf32Hold(gpu, true); });
            QVERIFY2(refused.find("a training of this program computes with tf32: false") != std::string::npos,
                     refused.c_str());
            const Tf32Hold onCpu(at::kCPU, true); // whose products are exact anyway
            QVERIFY(!allowed());
        }
        wishTf32(gpu, true);
        QVERIFY(allowed());
    }

    void theDeviceOfAnExtensionCanBeChosen()
    {
        const auto before = test::errorOf([] { makeCompute({.device = "privateuseone"}); });
        QVERIFY2(before.find("no extension of LibTorch") != std::string::npos, before.c_str());
        const auto far = test::farDevice(); // loads the extension
        QVERIFY(makeCompute({.device = "privateuseone"}).device == far);
    }

    void tensorsAreSentToDevices()
    {
        const auto x = at::randn({2, 3});
        QVERIFY(sentTo(x, at::kCPU).is_same(x));
        const auto reaches = [&x](at::Device device) {
            const auto there = sentTo(x, device);
            return there.device() == device && sentTo(there, device).is_same(there) &&
                   at::equal(sentTo(there, at::kCPU), x);
        };
        QVERIFY(reaches(test::farDevice()));
        if (at::hasCUDA())
            QVERIFY(reaches(at::Device(at::kCUDA, 0)));
    }
};

QTEST_APPLESS_MAIN(ComputeTest)
#include "tst_compute.moc"
