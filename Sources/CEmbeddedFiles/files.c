#include "CEmbeddedFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const char qa_case[] = {
#embed "../../Tests/Reference/qa_case.jsonl"
    , 0};
static const char datacenter_qa[] = {
#embed "../../sample-data/datacenter-qa.jsonl"
    , 0};
static const char theme_dark[] = {
#embed "../../themes/dark.toml"
    , 0};
static const char theme_light[] = {
#embed "../../themes/light.toml"
    , 0};

const char *embedded_qa_case(void) { return qa_case; }
const char *embedded_datacenter_qa(void) { return datacenter_qa; }
const char *embedded_theme_dark(void) { return theme_dark; }
const char *embedded_theme_light(void) { return theme_light; }
