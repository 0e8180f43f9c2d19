#pragma once

#include "core/kernels/instruction_set.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <initializer_list>

namespace nanodit::test {

/// Rows of "set" and "type", as int: every instruction set that this processor has, with each of the types.
inline void eachSetAndType(std::initializer_list<at::ScalarType> types = {at::kFloat, at::kBFloat16})
{
    QTest::addColumn<int>("set");
    QTest::addColumn<int>("type");
    for (const auto set : usableInstructionSets()) {
        for (const auto type : types)
            QTest::addRow("%s, %s", nameOf(set), at::toString(type)) << static_cast<int>(set) << static_cast<int>(type);
    }
}

} // namespace nanodit::test
