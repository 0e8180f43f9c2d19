#include "widgets/kept_columns.h"

#include <QDataStream>
#include <QHeaderView>
#include <QIODevice>

#include <utility>

namespace nanodit {

KeptColumns::KeptColumns(QHeaderView* header)
    : QObject(header)
    , header_(header)
{
}

void KeptColumns::watch()
{
    connect(header_, &QHeaderView::sectionResized, this,
            [this](int column) { byHand_ = byHand_ || (!changing_ && !isLastShown(column)); });
}

void KeptColumns::change(const std::function<void()>& columns)
{
    const bool within = std::exchange(changing_, true); // a change can bring another about
    columns();
    header_->length(); // carries out what the header has put off, which would look like a change by hand later
    changing_ = within;
}

QByteArray KeptColumns::state() const
{
    QByteArray bytes;
    QDataStream stream(&bytes, QIODevice::WriteOnly);
    stream.setVersion(QDataStream::Qt_6_0);
    stream << header_->count() << byHand_ << header_->saveState();
    return bytes;
}

void KeptColumns::restore(const QByteArray& state)
{
    QDataStream stream(state);
    stream.setVersion(QDataStream::Qt_6_0);
    int count = 0;
    bool byHand = false;
    QByteArray look;
    stream >> count >> byHand >> look;
    bool restored = false;
    change([&] {
        restored = stream.status() == QDataStream::Ok && count == header_->count() && header_->restoreState(look);
    });
    byHand_ = restored && byHand;
}

bool KeptColumns::isLastShown(int column) const
{
    for (int place = header_->visualIndex(column) + 1; place < header_->count(); ++place) {
        if (!header_->isSectionHidden(header_->logicalIndex(place)))
            return false;
    }
    return true;
}

} // namespace nanodit
