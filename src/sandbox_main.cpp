// seedance-sandbox: the stand-in for the upstream API.
#include "seedhook/sandbox/sandbox.hpp"

int main(int argc, char** argv) { return seedhook::sandbox::run(argc, argv); }
