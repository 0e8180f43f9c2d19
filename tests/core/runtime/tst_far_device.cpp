#include "tests/support/far_device.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

using namespace nanodit::test;

/// That the device of the tests behaves as one that is not the CPU.
class FarDeviceTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void computesAsTheCpuDoes()
    {
        at::manual_seed(1);
        const auto x = at::randn({2, 6, 8, 8}), kernel = at::randn({4, 6, 3, 3}), gain = at::randn({6});
        const auto there = [](const at::Tensor& tensor) { return tensor.to(farDevice()); };
        const auto before = farOperations();
        const auto compare = [&](const at::Tensor& far, const at::Tensor& near) {
            QVERIFY(far.device() == farDevice());
            QVERIFY(at::equal(far.cpu(), near));
        };
        compare(there(x) + 2 * there(x), x + 2 * x);
        compare(there(x).narrow(1, 2, 3).transpose(2, 3).reshape({2, -1}),
                x.narrow(1, 2, 3).transpose(2, 3).reshape({2, -1}));
        compare(at::conv2d(there(x), there(kernel), {}, 1, 1), at::conv2d(x, kernel, {}, 1, 1));
        compare(at::group_norm(there(x), 2, there(gain), there(gain)), at::group_norm(x, 2, gain, gain));
        compare(at::arange(7, at::TensorOptions(farDevice())), at::arange(7));
        compare(at::cat({there(x), there(x)}, 1), at::cat({x, x}, 1));
        compare((there(x) > 0).nonzero(), (x > 0).nonzero());
        auto part = there(x);
        part.select(1, 2).mul_(3);
        auto nearPart = x.clone();
        nearPart.select(1, 2).mul_(3);
        compare(part, nearPart);
        QCOMPARE(there(x).sum().item<float>(), x.sum().item<float>());
        QVERIFY(farOperations() > before + 15);
    }

    void givesGradients()
    {
        if (!farDeviceLearns())
            QSKIP("this LibTorch learns on NVIDIA's devices alone");
        const auto x = at::randn({5, 3}), weight = at::randn({4, 3}), bias = at::randn({4});
        const auto gradients = [&](at::Device device) {
            std::vector<at::Tensor> leaves;
            for (const auto& tensor : {x, weight, bias})
                leaves.push_back(tensor.to(device, at::kFloat, false, true).set_requires_grad(true));
            at::layer_norm(at::gelu(at::linear(leaves[0], leaves[1], leaves[2])), {4}).square().sum().backward();
            std::vector<at::Tensor> found;
            for (const auto& leaf : leaves)
                found.push_back(leaf.grad().cpu());
            return found;
        };
        const auto far = gradients(farDevice()), near = gradients(at::kCPU);
        for (std::size_t i = 0; i < far.size(); ++i)
            QVERIFY(at::equal(far[i], near[i]));
    }

    void refusesTensorsOfTheCpuBesideItsOwn()
    {
        const auto far = at::ones({3, 4}, at::TensorOptions(farDevice())), near = at::ones({3, 4});
        for (const auto& mixed : std::vector<std::function<void()>>{
                 [&] { far + near; }, [&] { at::mm(far, near.t()); }, [&] { at::linear(near, far); },
                 [&] {
                     at::cat({far, near});
                 },
                 [&] { at::where(near > 0, far, far); }, [&] { far.clone().add_(near); },
                 [&] { far.index_select(0, at::arange(2)); }}) {
            const auto message = errorOf(mixed);
            QVERIFY2(message.find("same device") != std::string::npos, message.c_str());
        }
        QVERIFY(at::equal((far * at::scalar_tensor(3)).cpu(), near * 3)); // one number may come from the CPU
        far.copy_(near + 1);
        QVERIFY(at::equal(far.cpu(), near + 1));
    }

    void itsMemoryIsOutOfReach()
    {
        const auto near = at::ones({3});
        const auto far = near.to(farDevice());
        const auto address = reinterpret_cast<std::uintptr_t>(far.storage().data_ptr().get());
        QVERIFY(address >> 48 != 0 && address >> 48 != 0xFFFF); // canonical addresses of x86-64 have neither
    }
};

QTEST_APPLESS_MAIN(FarDeviceTest)
#include "tst_far_device.moc"
