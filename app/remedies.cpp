#include "app/remedies.h"

#include "app/dataset_jobs.h"

namespace nanodit {

Remedies::Remedies(DatasetJobs& jobs)
    : jobs_(jobs)
{
}

void Remedies::act(const Remedy& remedy)
{
    std::visit(Cases{
                   [this](remedy::ImportPictures) { Q_EMIT importWanted(); },
                   [this](remedy::ChooseWorkspace) { Q_EMIT openWanted(); },
                   [this](remedy::CreateDemo) { Q_EMIT demoWanted(); },
                   [this](remedy::RunPasses run) {
                       if (!run.pass || jobs_.busy())
                           return Q_EMIT passesWanted();
                       Q_EMIT pageWanted(Page::Dataset);
                       jobs_.runPasses({*run.pass});
                   },
                   [this](remedy::RemakeArray) { Q_EMIT passesWanted(); },
                   [this](remedy::VerifyArrays) {
                       Q_EMIT pageWanted(Page::Dataset);
                       jobs_.verify();
                   },
                   [this](remedy::CertifyAlignment) {
                       Q_EMIT pageWanted(Page::Dataset);
                       jobs_.certify(0);
                   },
                   [this](remedy::PackShards) { Q_EMIT packWanted(); },
                   [this](remedy::NameEncoder name) { Q_EMIT encoderWanted(name.encoder); },
                   [this](remedy::Validate) { Q_EMIT pageWanted(Page::Validate); },
                   [this](remedy::ReplaceValidation) { Q_EMIT pageWanted(Page::Validate); },
                   [this](remedy::HoldOutRecords) { Q_EMIT pageWanted(Page::Dataset); },
                   [this](remedy::ListRecords) { Q_EMIT pageWanted(Page::Dataset); },
                   [this](remedy::ChooseDevice) { Q_EMIT deviceWanted(); },
                   [](const auto&) {}, // done outside of the window, or with ranks
               },
               remedy);
}

} // namespace nanodit
