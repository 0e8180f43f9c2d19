#include "app/pages/sample/sample_actions.h"

#include "widgets/page_frame.h"

#include <QAction>
#include <QCoreApplication>

namespace nanodit {

namespace {

struct ActionText {
    Q_DECLARE_TR_FUNCTIONS(SamplePage)
};

} // namespace

SampleActions::SampleActions(PageFrame& frame)
    : plane(frame.addAction(ActionText::tr("Guidance plane"), QStringLiteral("grid"),
                            ActionText::tr("Generate pictures over both guidance scales")))
    , checkpoints(frame.addAction(ActionText::tr("Checkpoints"), QStringLiteral("checkpoint"),
                                  ActionText::tr("Generate the same picture with every checkpoint of the run")))
    , anatomy(frame.addAction(ActionText::tr("Guidance by step"), QStringLiteral("train"),
                              ActionText::tr("Show how strongly text and DINO pull at each step")))
    , attend(frame.addAction(ActionText::tr("Attention"), QStringLiteral("eye"),
                             ActionText::tr("Inspect the attention behind this picture")))
    , save(frame.addAction(ActionText::tr("Save PNG…"), QStringLiteral("save"),
                           ActionText::tr("Save the picture with its settings")))
{
    plane->setObjectName(QStringLiteral("planeButton"));
    plane->setCheckable(true);
    checkpoints->setObjectName(QStringLiteral("overCheckpoints"));
    anatomy->setObjectName(QStringLiteral("anatomyButton"));
    anatomy->setCheckable(true);
    attend->setObjectName(QStringLiteral("attend"));
}

} // namespace nanodit
