# LibTorch as the target nanodit_torch: the system's, or the one in the folder NANODIT_TORCH.

set(NANODIT_TORCH "" CACHE PATH "Folder of a LibTorch to use in place of the system's: torch of a PyPI wheel, or an unpacked libtorch")

add_library(nanodit_torch INTERFACE)
find_package(OpenMP REQUIRED)

# Programs also find their own modules beside them. DT_RPATH, which applies to the libraries of libraries too.
set(CMAKE_BUILD_RPATH $ORIGIN/../lib)
set(CMAKE_INSTALL_RPATH $ORIGIN/../${CMAKE_INSTALL_LIBDIR}/nanodit-workbench)
add_link_options(-Wl,--disable-new-dtags)

if(NANODIT_TORCH)
  include(NanoditTorchFolder)
else()
  include(NanoditTorchSystem)
endif()
