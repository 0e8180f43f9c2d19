#pragma once

#include "core/front/sampling.h"

#include <QWidget>

class QLabel;

namespace nanodit {

/// Settings of a restored picture that the form has no field for: what it begins with, its weak guide, how APG
/// projects. Says them in words, with a button to do without; hidden while there are none.
class CarriedSettings : public QWidget {
    Q_OBJECT

public:
    explicit CarriedSettings(QWidget* parent = nullptr);
    void take(const SampleRequest& request);
    void apply(SampleRequest& request) const;

private:
    SampleRequest carried_; ///< Only these settings count.
    QLabel* text_;
};

} // namespace nanodit
