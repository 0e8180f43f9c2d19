#pragma once

namespace nanodit {

/// Whether attention that this thread computes has to add in a fixed order, so that the same numbers come out again.
/// The backward pass of LibTorch's fused kernels on a GPU does not.
bool addsInFixedOrder();

/// While it lives, attention of this thread adds in a fixed order, or with `fixed` false in any; so does the backward
/// pass of what is computed meanwhile. Nests.
class FixedOrderScope {
public:
    explicit FixedOrderScope(bool fixed);
    ~FixedOrderScope();
    FixedOrderScope(const FixedOrderScope&) = delete;
    FixedOrderScope& operator=(const FixedOrderScope&) = delete;

private:
    bool before_;
};

} // namespace nanodit
