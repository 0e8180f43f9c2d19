#include "widgets/header_state.h"

#include <QDataStream>
#include <QHeaderView>
#include <QIODevice>

namespace nanodit {

QByteArray headerState(const QHeaderView& header, bool byHand)
{
    QByteArray bytes;
    QDataStream stream(&bytes, QIODevice::WriteOnly);
    stream.setVersion(QDataStream::Qt_6_0);
    stream << header.count() << byHand << header.saveState();
    return bytes;
}

bool restoreHeader(QHeaderView& header, const QByteArray& state)
{
    QDataStream stream(state);
    stream.setVersion(QDataStream::Qt_6_0);
    int count = 0;
    bool byHand = false;
    QByteArray look;
    stream >> count >> byHand >> look;
    return stream.status() == QDataStream::Ok && count == header.count() && header.restoreState(look) && byHand;
}

} // namespace nanodit
