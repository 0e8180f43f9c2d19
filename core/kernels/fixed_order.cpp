#include "core/kernels/fixed_order.h"

#include <utility>

namespace nanodit {

namespace {

thread_local bool fixedOrder = false;

} // namespace

bool addsInFixedOrder()
{
    return fixedOrder;
}

FixedOrderScope::FixedOrderScope(bool fixed)
    : before_(std::exchange(fixedOrder, fixed))
{
}

FixedOrderScope::~FixedOrderScope()
{
    fixedOrder = before_;
}

} // namespace nanodit
